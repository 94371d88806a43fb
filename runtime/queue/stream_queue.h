// A stream of Redis as a queue: this process is a consumer of a group.
//
// An entry is taken by XREADGROUP and acknowledged by XACK. A consumer gives a sign of life, a key that expires after
// RedisStream::take_over; what consumers without one held for that long is taken over. A consumer that begins again takes
// what it held first.
//
// Threads: as Queue's. Calls end within 5 s, take() within that and the time that it may wait.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"
#include "queue/queue.h"
#include "queue/spec.h"
#include "redis/connection.h"

namespace sluice::queue {

core::Result<redis::Settings> connection_settings(const RedisStream& at);
// With the stream's name, and what to do where that is known.
core::Error stream_error(const RedisStream& at, const redis::Failure& failure);
std::string stream_name(const RedisStream& at);
std::string stream_of(const Spec& spec);

// Its open() makes the group where it is not there, from the stream's beginning.
std::unique_ptr<Queue> make_stream_queue(const Spec& spec);

}  // namespace sluice::queue
