#include "queue/message_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/row.h"

namespace sluice::queue {

MessageRow row_of(const Message& message, std::uint64_t max_deliveries) {
  MessageRow row{.text = message.text, .reject = message.reject};
  // A line break can only stand between the tokens of JSON.
  std::ranges::replace(row.text, '\n', ' ');
  std::ranges::replace(row.text, '\r', ' ');
  const auto reject = [&row](std::string reason, std::string detail) {
    row.reject = core::Reject{core::Stage::read, std::move(reason), std::move(detail), {}};
  };
  if (message.deliveries > max_deliveries) {
    reject("too_many_deliveries",
           fmt::format("message {} was delivered {} times and never acknowledged: no worker lived "
                       "to answer it",
                       message.id, message.deliveries - 1));
    if (!message.taken_from.empty())
      row.reject->history.push_back(fmt::format("taken over from {}", message.taken_from));
  }
  if (row.text.size() > core::kMaxRowBytes) {
    if (!row.reject)
      reject("too_large", fmt::format("message {} is longer than {} MiB, the most that a row may "
                                      "have",
                                      message.id, core::kMaxRowBytes >> 20));
    row.text = fmt::format("{{\"message\":\"{}\"}}", message.id);
  }
  return row;
}

}  // namespace sluice::queue
