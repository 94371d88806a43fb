#include "index/sorted_run.h"

#include <algorithm>
#include <array>

namespace sluice::index {

SortedRun::SortedRun(storage::SpillFile file, std::size_t slots)
    : file_(std::move(file)), filter_(slots) {
  pages_.reserve(slots / kPageSlots + 1);
}

core::Status SortedRun::read(std::size_t first, std::span<Slot> slots) const {
  return file_.read(first * sizeof(Slot), std::as_writable_bytes(slots));
}

core::Status SortedRun::find(const BloomFilter::Key& key, std::vector<std::int64_t>& blocks) const {
  if (!filter_.may_hold(key)) return {};
  return find_in_file(key.tag, blocks);
}

core::Status SortedRun::find_in_file(Slot tag, std::vector<std::int64_t>& blocks) const {
  // The tag's slots begin in the page before the first one that begins with the tag or beyond.
  auto page = static_cast<std::size_t>(std::ranges::lower_bound(pages_, tag) - pages_.begin());
  if (page > 0) --page;
  std::array<Slot, kPageSlots> buffer;
  for (; page < pages_.size() && tag_of(pages_[page]) <= tag; ++page) {
    const std::size_t first = page * kPageSlots;
    const std::span slots(buffer.data(), std::min(kPageSlots, size_ - first));
    if (auto status = read(first, slots); !status) return status;
    auto slot = std::ranges::lower_bound(slots, tag);
    for (; slot != slots.end() && tag_of(*slot) == tag; ++slot) blocks.push_back(block_in(*slot));
  }
  return {};
}

core::Result<SortedRunWriter> SortedRunWriter::begin(const std::string& directory,
                                                     std::size_t slots) {
  auto file = storage::SpillFile::make(directory);
  if (!file) return std::unexpected(file.error());
  return SortedRunWriter(std::unique_ptr<SortedRun>(new SortedRun(std::move(*file), slots)));
}

SortedRunWriter::SortedRunWriter(std::unique_ptr<SortedRun> run) : run_(std::move(run)) {
  buffer_.reserve(kBufferSlots);
}

core::Status SortedRunWriter::flush() {
  for (std::size_t i = 0; i < buffer_.size(); i += SortedRun::kPageSlots)
    run_->pages_.push_back(buffer_[i]);
  for (const Slot slot : buffer_) run_->filter_.add(BloomFilter::Key(tag_of(slot)));
  run_->size_ += buffer_.size();
  auto status = run_->file_.append(std::as_bytes(std::span(buffer_)));
  buffer_.clear();
  return status;
}

core::Result<std::shared_ptr<const SortedRun>> SortedRunWriter::finish() {
  if (auto status = flush(); !status) return std::unexpected(status.error());
  return std::shared_ptr<const SortedRun>(std::move(run_));
}

}  // namespace sluice::index
