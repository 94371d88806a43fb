// The entries that stand in a stream, from its beginning to its present end, without taking them.
//
// Threads: one.
#pragma once

#include <memory>

#include "core/error.h"
#include "format/record_source.h"
#include "queue/spec.h"

namespace sluice::queue {

core::Result<std::unique_ptr<format::RecordSource>> open_stream_look(const Spec& spec);

}  // namespace sluice::queue
