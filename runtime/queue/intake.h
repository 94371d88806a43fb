// A queue whose messages are acknowledged as soon as their rows are kept here: for rows that wait longer than a service withholds
// a message, hours for a budget or a day's quota. From then on this is the queue that they come from, until they have ended.
//
//   the service ──take()──▶ kept in intake.db ──▶ under way ──acknowledge()──▶ gone from there
//                                 │ within a second
//                                 └──────▶ acknowledged at the service
//
// What is no row is not kept: it is acknowledged at the service when it has ended, as without an intake.
//
// Threads: as Queue's.
//
// Invariants:
//   1. A message is acknowledged at the service when its row is on the disk here, and not before.
//   2. A row that is kept is handed over once in each run, those of earlier runs first, until it has ended.
//   3. A message that comes again while its row is kept is acknowledged, and not kept twice.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "queue/queue.h"

namespace sluice::queue {

// `folder`: the job's checkpoint's. `keeps`: else there are only the rows of earlier runs, and what comes from the service is as it would be
// without an intake.
std::unique_ptr<Queue> make_intake(std::unique_ptr<Queue> service, std::string folder, bool keeps);

// Rows that are kept and have not ended. 0 where there is no intake.
core::Result<std::uint64_t> rows_taken_in(const std::string& folder);

}  // namespace sluice::queue
