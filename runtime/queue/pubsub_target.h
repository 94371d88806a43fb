// Answers into a topic of Google Pub/Sub: a line is a message, the row's key its attribute "key". A topic cannot say what it
// was sent, so where the answers end stands in the job's folder (sent_position.h): each answer is sent at least once.
//
// Threads: one.
#pragma once

#include <memory>

#include "queue/queues.h"

namespace sluice::queue {

std::unique_ptr<format::RecordTarget> make_pubsub_target(Target target);

}  // namespace sluice::queue
