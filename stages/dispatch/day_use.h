// What a job has used of its endpoints' daily quotas, from one run and one question to the next.
//
// Threads: any; plain functions.
#pragma once

#include <span>

#include "core/clock.h"
#include "provider/endpoint.h"
#include "schedule/scheduler.h"
#include "store/records.h"

namespace sluice::dispatch {

// What is used at `now` (DayUsed::at is left to the caller, whose clock it is of). Each of `kept`
// says what the whole job had used when it was kept, so the one holds of which most is left.
schedule::DayUsed used_now(std::span<const store::DayUse> kept, const provider::Limits& limits,
                           core::WallTime now);

// For the checkpoint: whole units, rounded up.
store::DayUse to_keep(const schedule::DayUsed& used, core::WallTime now);

}  // namespace sluice::dispatch
