// A queue of Amazon SQS as a source: ReceiveMessage with long polls, ChangeMessageVisibilityBatch to hold, DeleteMessageBatch
// to acknowledge, a visibility of zero to give back.
//
// Threads: as Queue's. Calls end within 60 s.
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "queue/queue.h"
#include "queue/spec.h"

namespace sluice::queue {

std::unique_ptr<Queue> make_sqs_queue(const Spec& spec);

// An Error: SQS shows no message without hiding it from others and counting that as a delivery.
core::Result<std::unique_ptr<format::RecordSource>> look_at_sqs(const Spec& spec);

}  // namespace sluice::queue
