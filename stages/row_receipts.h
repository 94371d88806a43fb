// When a record of an acknowledged source (format/record_source.h) has ended: once all rows that the steps made of it
// have. The steps may make one of it, several, or none.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace sluice::stages {

class RowReceipts {
 public:
  // The record of this line is made into rows from here on, one call of row() each, up to made().
  void begin(std::uint64_t line) { add(line); }
  void row(std::uint64_t line) { add(line); }
  // Both: whether the record has ended. A record whose making was stopped has no made(), and does not end.
  bool made(std::uint64_t line) { return remove(line); }
  bool ended(std::uint64_t line) { return remove(line); }

 private:
  void add(std::uint64_t line) {
    const std::lock_guard lock(mutex_);
    ++open_[line];
  }
  bool remove(std::uint64_t line) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(line);
    if (found == open_.end() || --found->second > 0) return false;
    open_.erase(found);
    return true;
  }

  std::mutex mutex_;  // guards open_
  std::unordered_map<std::uint64_t, std::uint32_t> open_;
};

}  // namespace sluice::stages
