// A message as a row.
//
// Threads: any. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/reject.h"
#include "queue/queue.h"

namespace sluice::queue {

struct MessageRow {
  std::string text;
  std::optional<core::Reject> reject;  // then `text` is what the message holds
};

// A message that is not a row, is larger than a row may be, or was delivered more than `max_deliveries` times, is a reject.
MessageRow row_of(const Message& message, std::uint64_t max_deliveries);

}  // namespace sluice::queue
