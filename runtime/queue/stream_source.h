// The rows of a consumer group of a Redis stream, as this consumer gets them.
//
// An entry is taken (XREADGROUP), becomes a row, and is acknowledged (XACK) when its row has ended for good, and not
// before: so a worker that dies loses none. What it held is taken over by another, once it gives no sign of life; a
// worker that begins again gets what it held first. An entry that was delivered more than max_deliveries times becomes a
// reject: perhaps it is what kills the workers.
//
// Entries that came twice, for an acknowledgement that was lost, are found in the checkpoint by their rows' names.
//
// Threads: as RecordSource's; ended() from any. A thread of its own talks to the server (stream_feed.h).
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "queue/spec.h"

namespace sluice::queue {

// Makes the group where it is not there, from the stream's beginning. ErrorCode::io when the server cannot be reached,
// and when there is something else by the stream's name.
core::Result<std::unique_ptr<format::RecordSource>> open_stream_source(const Spec& spec);

}  // namespace sluice::queue
