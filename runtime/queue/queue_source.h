// The rows of a queue: messages are taken ahead of the reader, held while their rows are under way, acknowledged once these
// have ended, and given back when the run ends before that. The same for every service (queue.h).
//
//            take()           read()              ended()                acknowledge()
//   queue ─────────▶ waiting ────────▶ under way ─────────▶ to acknowledge ──────────▶ gone
//                       └──────── close() ─┴─────▶ give_back()
//
// A message that was delivered more than max_deliveries times becomes a reject: perhaps it is what kills the workers.
// One that comes again after its row has ended is acknowledged: here, where it ended in this process (ended_messages.h); else
// it is found in the checkpoint by its row's name.
//
// Threads: as RecordSource's; ended() from any. Threads of its own: Queue::takers() that take, and one that does the rest.
//
// Invariants:
//   1. A message that is held, or whose row has ended, is not handed over again: another delivery of it renews its receipt.
//   2. A message is acknowledged after its ended() and not before, by its latest receipt, again until that is through or
//      close() gives up.
//   3. At most kAhead messages wait for the reader, or kAheadBytes and what one take() of each taker brings.
//   4. After kReconnectFor without a call that succeeds, of those that take or of those that do the rest, read() is an Error.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "format/record_source.h"
#include "queue/queue.h"

namespace sluice::queue {

// How long a server that was there is waited for, as tables are (table/postgres.h).
constexpr std::chrono::seconds kReconnectFor{120};
constexpr std::size_t kAhead = 256;
constexpr std::size_t kAheadBytes = std::size_t{8} << 20;

struct SourceOptions {
  std::string name;    // of the queue, for messages
  std::string format;  // "Redis stream"
  std::uint64_t max_deliveries = 5;
  std::optional<core::Duration> idle_exit = {};
  core::Duration close_within = std::chrono::seconds(10);
};

// Opens `queue`. ErrorCode::io when its server cannot be reached, ErrorCode::pipeline for what the pipeline file can mend.
core::Result<std::unique_ptr<format::RecordSource>> open_queue_source(std::unique_ptr<Queue> queue,
                                                                      SourceOptions options);

}  // namespace sluice::queue
