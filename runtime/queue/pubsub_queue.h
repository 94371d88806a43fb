// A subscription of Google Pub/Sub as a source: pull, modifyAckDeadline to hold and, with zero, to give back, acknowledge.
//
// A pull waits for messages as long as its server likes. So a take() that has waited long enough leaves its pull to the next
// one: a pull that was dropped could have been answered with messages that nobody would have.
//
// Threads: as Queue's. Calls end within 150 s, and soon after close().
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "queue/queue.h"
#include "queue/spec.h"

namespace sluice::queue {

std::unique_ptr<Queue> make_pubsub_queue(const Spec& spec);

// An Error: Pub/Sub shows no message without delivering it.
core::Result<std::unique_ptr<format::RecordSource>> look_at_pubsub(const Spec& spec);

}  // namespace sluice::queue
