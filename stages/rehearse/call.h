// One function of a pipeline, called on a case's rows.
//
// Threads: any.
#pragma once

#include "core/error.h"
#include "rehearse/case.h"
#include "rehearse/compare.h"
#include "stages/spec.h"

namespace sluice::rehearse {

// Empty when the function does as the case expects. The error is that the pipeline has none.
core::Result<Diff> call_differences(const stages::JobSpec& job, const Case& test);

}  // namespace sluice::rehearse
