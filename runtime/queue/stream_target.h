// Answers into a stream of Redis: a line is an entry, {key: …, json: …}. Where they end stands in a hash beside the
// stream, "sluice:delivered:STREAM", a field a job; one script adds entries and moves it, so that a line that is put
// again, for an answer of the server that was lost, is there once.
//
//   put():  EVALSHA  is the position what this run knows? ─ XADD … ─ position
//             │ no answer: the connection is lost, or the server is not ready
//             ▼
//           the same again, for kReconnectFor at most: it adds nothing where the position is past these lines
//
// It is as durable as the server is (appendfsync), which keeps entries and position together.
//
// Threads: one.
#pragma once

#include <memory>

#include "queue/queues.h"

namespace sluice::queue {

std::unique_ptr<format::RecordTarget> make_stream_target(Target target);

}  // namespace sluice::queue
