// Answers into a queue of Amazon SQS: a line is a message, the row's key its attribute "key". The queue cannot say what it
// was sent, so where the answers end stands in a file of Target::folder, written after they were sent: what was sent before
// a crash and not noted is sent again. Each answer is sent at least once.
//
// Into a FIFO queue (".fifo") the answers of a row go in their order, as a group; one that is sent again within five minutes
// is dropped there.
//
// Threads: one.
#pragma once

#include <memory>

#include "queue/queues.h"

namespace sluice::queue {

std::unique_ptr<format::RecordTarget> make_sqs_target(Target target);

}  // namespace sluice::queue
