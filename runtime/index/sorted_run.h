// A run of the question index: slots in ascending order in an unnamed file, with what finds one of
// them by a single read in memory: a filter, and the first slot of each page. About 1.27 bytes of
// memory a slot.
//
// Threads: a writer is for one; a finished run does not change, and any may read it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "index/bloom_filter.h"
#include "index/slot.h"
#include "storage/spill_file.h"

namespace sluice::index {

class SortedRun {
 public:
  static constexpr std::size_t kPageSlots = 512;  // 4 KiB

  // The blocks of a tag, appended to `blocks`.
  core::Status find(const BloomFilter::Key& key, std::vector<std::int64_t>& blocks) const;
  void prefetch(const BloomFilter::Key& key) const { filter_.prefetch(key); }
  // `slots.size()` of them, from number `first` on.
  core::Status read(std::size_t first, std::span<Slot> slots) const;

  std::size_t size() const { return size_; }
  std::size_t memory() const { return filter_.bytes() + pages_.capacity() * sizeof(Slot); }

 private:
  friend class SortedRunWriter;
  SortedRun(storage::SpillFile file, std::size_t slots);
  core::Status find_in_file(Slot tag, std::vector<std::int64_t>& blocks) const;

  storage::SpillFile file_;
  BloomFilter filter_;
  std::vector<Slot> pages_;  // the first slot of each
  std::size_t size_ = 0;
};

class SortedRunWriter {
 public:
  // A run of up to `slots` slots. The file is written through a buffer of 64 KiB.
  static core::Result<SortedRunWriter> begin(const std::string& directory, std::size_t slots);
  // In ascending order.
  core::Status append(Slot slot) {
    buffer_.push_back(slot);
    return buffer_.size() == kBufferSlots ? flush() : core::Status();
  }
  core::Result<std::shared_ptr<const SortedRun>> finish();

  std::size_t memory() const { return run_->memory() + buffer_.capacity() * sizeof(Slot); }

 private:
  static constexpr std::size_t kBufferSlots = 16 * SortedRun::kPageSlots;

  explicit SortedRunWriter(std::unique_ptr<SortedRun> run);
  core::Status flush();

  std::unique_ptr<SortedRun> run_;
  std::vector<Slot> buffer_;
};

}  // namespace sluice::index
