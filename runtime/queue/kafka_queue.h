// A topic of Kafka as a source: a consumer of a group, which gives each worker partitions of the topic. A message is held by
// staying a member of the group; it is acknowledged when its partition's offset is committed past it (kafka_offsets.h).
//
//              rebalance             rebalance
//   not ours ────────────▶ assigned ────────────▶ not ours
//                          │  ▲                   commits what has ended; what has not is read by the next owner
//                   window │  │ room
//                    full  ▼  │
//                          paused
//
// Threads: as Queue's. Only one polls at a time; the group's changes come on that thread. Calls end within 10 s.
//
// Invariants:
//   1. What a message's receipt names, a partition and since when it is ours, is what counts: a row that ends when its
//      partition has gone, or has gone and come again, commits nothing.
//   2. The group is polled every kHoldEvery, whether there is room or not: a worker that does not is taken for dead after
//      max.poll.interval.ms (5 min).
//   3. Nothing is committed while the group waits for its members, which takes up to session.timeout.ms (45 s) where one has died:
//      a broker leaves what comes behind a JoinGroup on its connection until then, refuses it as of another generation, and the
//      client gives up its partitions for that. It is committed when the group has its new generation, before a partition goes.
//   4. Of a partition at most kWindow messages, and one fetch, are behind the first that has not ended.
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "queue/queue.h"
#include "queue/spec.h"

namespace sluice::queue {

std::unique_ptr<Queue> make_kafka_queue(const Spec& spec);

// Always an Error: `try` takes its rows from a file.
core::Result<std::unique_ptr<format::RecordSource>> look_at_kafka(const Spec& spec);

}  // namespace sluice::queue
