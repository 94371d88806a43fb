// What a row that is being read will cost in credits once its prompt is made, by the rows before
// it. Too little makes the flow hold more than its bound for a moment, too much makes it hold less:
// so it follows growth at once and shrinking slowly.
//
// Threads: any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "core/row.h"
#include "stages/item.h"

namespace sluice::stages {

class RowCost {
 public:
  // Bytes that every prompt has, and every answer (Item::answer_bytes), whatever its row.
  void at_least(std::size_t prompt_bytes, std::size_t answer_bytes = 0) {
    extra_ = least_ = 2 * prompt_bytes + answer_bytes;
  }

  // Of rows with files, after at_least(): `first` bytes that the first rows may hold for them, and no
  // fewer than kLeastFileBytes for any. Files of very different sizes may follow each other, and those
  // of a batch are known when it is prepared: so such a batch has few rows (reader.cc), however small
  // the files before it were.
  void with_files(std::size_t first) {
    least_ += kLeastFileBytes;
    extra_ = least_ + first;
  }
  static constexpr std::size_t kLeastFileBytes = core::kBatchBytes;

  std::size_t expected(const core::Row& row) const {
    return of_text(row) + extra_.load(std::memory_order_relaxed);
  }

  // A batch that was read has become `items`, which cost so much.
  void learn(const Items& items, std::size_t bytes) {
    if (items.empty()) return;
    std::size_t text = 0;
    for (const Item& item : items) text += of_text(item.row);
    const std::size_t extra = bytes > text ? (bytes - text) / items.size() : 0;
    const std::size_t known = extra_.load(std::memory_order_relaxed);
    const std::size_t next = extra >= known ? extra : known - (known - extra) / 8;
    extra_.store(std::max(next, least_), std::memory_order_relaxed);
  }

 private:
  // As if the prompt were the row.
  static std::size_t of_text(const core::Row& row) { return 3 * row.raw.size() + 512; }

  std::size_t least_ = 0;
  std::atomic<std::size_t> extra_ = 0;
};

}  // namespace sluice::stages
