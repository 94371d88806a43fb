// What is done at the server in one step, for the entries that consumers hold.
//
// Threads: constant data.
#pragma once

#include <memory>

#include "redis/script.h"

namespace sluice::queue {

// Says that this consumer lives, and keeps its entries from going stale.
//
//   KEYS  the stream, this consumer's sign of life
//   ARGV  group, consumer, nonce of this process, how long the sign lasts (ms), how long an entry may be idle before it is
//         kept alive (ms), "1" when this process begins
//
// An error "OTHER" when another process has begun as the same consumer since.
const std::shared_ptr<const redis::Script>& sign_script();

// Takes over entries of consumers without a sign of life.
//
//   KEYS  the stream
//   ARGV  group, consumer, how long an entry is idle at least (ms), how many at most, what the keys of signs begin with
//   →     [[[id, fields], deliveries, consumer that held it], …]
const std::shared_ptr<const redis::Script>& take_over_script();

// Lets entries be taken over by others at once.
//
//   KEYS  the stream
//   ARGV  group, consumer, how long they are idle then (ms), for each entry its id and its deliveries
//
// Entries that this consumer does not hold any more stay as they are.
const std::shared_ptr<const redis::Script>& give_back_script();

// This consumer's entries from ARGV[3] on, as the pending list has them, at most ARGV[4]: [[id, deliveries], …].
//   KEYS  the stream;  ARGV  group, consumer, first id, how many
const std::shared_ptr<const redis::Script>& own_script();

// Takes the sign of life away, if it is this process's.  KEYS  the sign;  ARGV  nonce
const std::shared_ptr<const redis::Script>& leave_script();

// Adds entries and moves the position of a job, unless it is not where the caller says: then nothing changes.
//
//   KEYS  the stream, the hash of positions
//   ARGV  job, its position now ("": none), the next one, the field for the line, the stream's length at most ("": any), then
//         for each entry its key ("": none) and its line
//   →     1 when it was done, 2 when it had been done before, 0 when the position is another
const std::shared_ptr<const redis::Script>& put_script();

}  // namespace sluice::queue
