#include "queue/kafka_offsets.h"

#include <algorithm>

namespace sluice::queue {

bool KafkaOffsets::take(std::int64_t offset) {
  const std::int64_t first = open_.empty() ? next_ : open_.front().offset;
  if (offset < first) *this = {};
  if (offset <= last_) return false;
  open_.push_back({offset, false});
  last_ = offset;
  return true;
}

void KafkaOffsets::end(std::int64_t offset) {
  const auto found = std::ranges::lower_bound(open_, offset, {}, &Offset::offset);
  if (found == open_.end() || found->offset != offset) return;
  found->ended = true;
  while (!open_.empty() && open_.front().ended) {
    next_ = open_.front().offset + 1;
    open_.pop_front();
  }
}

std::optional<std::int64_t> KafkaOffsets::next() const {
  if (next_ == committed_ || next_ < 0) return std::nullopt;
  return next_;
}

}  // namespace sluice::queue
