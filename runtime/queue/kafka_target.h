// Answers into a topic of Kafka: a line is a message, the row's key its key. The producer is idempotent: what it sends twice
// itself stands there once. A topic cannot say what it was sent, so where the answers end stands in the job's folder
// (sent_position.h): each answer is there at least once.
//
// Threads: one.
#pragma once

#include <memory>

#include "queue/queues.h"

namespace sluice::queue {

std::unique_ptr<format::RecordTarget> make_kafka_target(Target target);

}  // namespace sluice::queue
