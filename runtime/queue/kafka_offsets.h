// How far a partition of Kafka can be committed. Kafka keeps one number for all workers of a group: the offset from which
// to go on. Rows end in any order, so it is the first offset whose row has not ended.
//
// Threads: one. Pure.
//
// Invariants:
//   1. No offset at or behind next() is committed: a row that has not ended is read again by the next owner.
//   2. Offsets need not follow one another: a compacted topic has holes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace sluice::queue {

class KafkaOffsets {
 public:
  // False: it was taken before. One that lies before all that are open begins the partition again: its log was cut off or
  // made again.
  bool take(std::int64_t offset);
  void end(std::int64_t offset);

  // The offset to commit; none while nothing has been added to what is committed.
  std::optional<std::int64_t> next() const;
  void committed(std::int64_t next) { committed_ = next; }

  // Offsets from the first that has not ended on.
  std::size_t open() const { return open_.size(); }

 private:
  struct Offset {
    std::int64_t offset;
    bool ended;
  };
  std::deque<Offset> open_;  // ascending; the first has not ended
  std::int64_t next_ = -1;   // -1: nothing has ended
  std::int64_t last_ = -1;   // that was taken
  std::int64_t committed_ = -1;
};

}  // namespace sluice::queue
