// What the scheduler is told about a job: from the pipeline file, and from what the checkpoint knows
// of earlier runs.
//
// Plain functions, any thread.
#pragma once

#include <map>
#include <span>
#include <string>

#include "checkpoint/checkpoint.h"
#include "core/clock.h"
#include "dispatch/endpoint.h"
#include "schedule/scheduler.h"
#include "stages/spec.h"

namespace sluice::dispatch {

// What the job's other questions have used of daily quotas, by the endpoints' names.
using DayUses = std::multimap<std::string, store::DayUse>;

// Bytes of system text and schema, which every request carries, where they are longest.
std::size_t longest_frame(std::span<const Endpoint> endpoints);

// `endpoints` are those of `spec`, in its order.
schedule::Config schedule_config(const stages::DispatchSpec& spec,
                                 std::span<const Endpoint> endpoints,
                                 const checkpoint::Checkpoint& checkpoint,
                                 const DayUses& used_by_others, const core::Clock& clock);

}  // namespace sluice::dispatch
