// The messages whose rows have ended in this process. A queue may deliver a message after that once more, and a file has equal
// rows twice: so a run takes what it reads a second time for another row, and only here it is known that it is not.
//
// Threads: one at a time.
//
// Invariants:
//   1. A message is known by its id and its text: an id that a service gives away again, as Kafka its offsets when a topic is
//      made again, names another message.
//   2. The latest kRemembered are known, in some 15 MB.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "core/hash.h"
#include "queue/queue.h"

namespace sluice::queue {

class EndedMessages {
 public:
  static constexpr std::size_t kRemembered = std::size_t{1} << 18;

  static core::Hash128 name_of(const Message& message) {
    return core::name128("queue message", {message.id, message.text});
  }
  void add(const core::Hash128& name) {
    if (!names_.insert(name).second) return;
    order_.push_back(name);
    if (order_.size() <= kRemembered) return;
    names_.erase(order_.front());
    order_.pop_front();
  }
  bool has(const core::Hash128& name) const { return names_.contains(name); }

 private:
  std::unordered_set<core::Hash128> names_;
  std::deque<core::Hash128> order_;
};

}  // namespace sluice::queue
