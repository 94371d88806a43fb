// How a batch stands, for people.
//
// Threads: any; plain functions.
#pragma once

#include <chrono>
#include <string>

#include "core/clock.h"
#include "store/batch_record.h"

namespace sluice::inspect {

// "in_progress", "collected", "cancelling, cancelled". With the provider's own word, which may be
// any text.
std::string batch_state(const store::BatchRecord& batch);

// From its making to its end, or to `now`.
std::chrono::seconds batch_age(const store::BatchRecord& batch, core::WallTime now);

}  // namespace sluice::inspect
