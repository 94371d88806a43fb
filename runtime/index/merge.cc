#include "index/merge.h"

#include <algorithm>
#include <limits>

namespace sluice::index {
namespace {

constexpr std::size_t kCursorSlots = 4096;  // 32 KiB a run
// May also be a slot: whichever is taken, the same number is written, and left_ counts them.
constexpr Slot kEnd = std::numeric_limits<Slot>::max();

}  // namespace

core::Result<std::unique_ptr<Merge>> Merge::begin(const std::string& directory,
                                                  std::vector<Run> runs) {
  std::size_t slots = 0;
  for (const Run& run : runs) slots += run->size();
  auto writer = SortedRunWriter::begin(directory, slots);
  if (!writer) return std::unexpected(writer.error());
  std::unique_ptr<Merge> merge(new Merge(std::move(runs), std::move(*writer)));
  for (std::size_t i = 0; i < merge->runs_.size(); ++i)
    if (auto status = merge->advance(i); !status) return std::unexpected(status.error());
  merge->left_ = slots;
  return merge;
}

Merge::Merge(std::vector<Run> runs, SortedRunWriter writer)
    : runs_(std::move(runs)),
      writer_(std::move(writer)),
      cursors_(runs_.size()),
      heads_(runs_.size(), kEnd) {}

core::Status Merge::advance(std::size_t run) {
  Cursor& cursor = cursors_[run];
  if (cursor.at == cursor.buffer.size()) {
    cursor.buffer.resize(std::min(kCursorSlots, runs_[run]->size() - cursor.next));
    cursor.at = 0;
    if (auto status = runs_[run]->read(cursor.next, cursor.buffer); !status) return status;
    cursor.next += cursor.buffer.size();
  }
  heads_[run] = cursor.buffer.empty() ? kEnd : cursor.buffer[cursor.at++];
  return {};
}

core::Result<Merge::Run> Merge::step(std::size_t slots) {
  for (; slots > 0 && left_ > 0; --slots, --left_) {
    // Of eight numbers in a row the smallest is found faster by looking at all than by a heap.
    std::size_t first = 0;
    for (std::size_t i = 1; i < heads_.size(); ++i) first = heads_[i] < heads_[first] ? i : first;
    if (auto status = writer_.append(heads_[first]); !status)
      return std::unexpected(status.error());
    if (auto status = advance(first); !status) return std::unexpected(status.error());
  }
  if (left_ > 0) return nullptr;
  return writer_.finish();
}

std::size_t Merge::memory() const {
  return writer_.memory() + cursors_.size() * kCursorSlots * sizeof(Slot);
}

}  // namespace sluice::index
