#include "checkpoint/old_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkpoint/answer_reader.h"
#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {
namespace {

constexpr std::size_t kFirstOldSlots = 1024;
constexpr std::size_t kCachedBlocks = 128;
constexpr std::size_t kPassed = 1024;

}  // namespace

void apply(const store::Renaming& renaming, BlockKeys& keys) {
  if (renaming.row) keys.rename_row(renaming.record, *renaming.row);
  if (renaming.question) keys.rename_question(renaming.record, *renaming.question);
}

core::Status OldNames::add(std::int64_t block, const BlockKeys& keys, bool rows) {
  names_.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const KeyRecord record = keys.at(i);
    if (rows && record.old_row && !record.withdrawn) {
      names_.push_back(record.row);
      ++rows_;
    }
    if (record.old_question && is_first_answer(record)) names_.push_back(record.question);
  }
  if (names_.empty()) return {};
  if (index_ == nullptr)
    index_ =
        std::make_unique<index::HashIndex>(directory_, index::HashIndex::kSlots, kFirstOldSlots);
  if (rows && first_row_block_ == 0) first_row_block_ = block;
  std::ranges::sort(names_);
  const auto equal = std::ranges::unique(names_);
  names_.erase(equal.begin(), equal.end());
  return index_->add(names_, block);
}

void OldNames::attach(std::unique_ptr<store::SqliteStore> reader, const Models& models) {
  store_ = std::move(reader);
  lines_.emplace(*store_);
  models_ = &models;
  passed_.resize(kPassed);
}

void OldNames::detach() {
  lines_.reset();
  store_.reset();
}

core::Status OldNames::look_up(const core::Hash128& name) {
  candidates_.clear();
  if (auto status = index_->candidates(name, candidates_); !status) return status;
  std::ranges::sort(candidates_);
  return {};
}

core::Result<BlockKeys*> OldNames::load(std::int64_t block) {
  const auto found = std::ranges::find(keys_, block, &Cached::block);
  if (found != keys_.end()) {
    keys_.splice(keys_.begin(), keys_, found);
    return &keys_.front().keys;
  }
  auto bytes = store_->keys(block);
  if (!bytes) return std::unexpected(bytes.error());
  auto keys = BlockKeys::decode(std::move(*bytes));
  if (!keys)
    return store::corrupt(store_->path(),
                          fmt::format("the checkpoint is damaged: the keys of block {}", block));
  for (const ByBlock* unwritten : {&taken_, &open_}) {
    const auto here = unwritten->find(block);
    if (here == unwritten->end()) continue;
    for (const store::Renaming& renaming : here->second) apply(renaming, *keys);
  }
  keys_.push_front({block, std::move(*keys)});
  if (keys_.size() > kCachedBlocks) keys_.pop_back();
  return &keys_.front().keys;
}

void OldNames::rename(store::Renaming renaming, BlockKeys& keys) {
  apply(renaming, keys);
  open_[renaming.block].push_back(renaming);
  ++open_count_;
}

// Every answer to the old name is now one to `now`.
core::Status OldNames::claim(const core::Hash128& old, const core::Hash128& now) {
  if (auto status = look_up(old); !status) return status;
  for (const std::int64_t block : candidates_) {
    auto loaded = load(block);
    if (!loaded) return std::unexpected(loaded.error());
    BlockKeys& keys = **loaded;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const KeyRecord record = keys.at(i);
      if (record.old_question && record.question == old && record.kind == store::Kind::answer)
        rename({block, static_cast<std::uint32_t>(i), {}, now}, keys);
    }
  }
  return {};
}

core::Result<bool> OldNames::consume_done(const store::RowNames& old, const store::RowNames& now) {
  if (rows_ == 0) return false;
  if (auto status = look_up(old.row); !status) return std::unexpected(status.error());
  Passed& passed = passed_[old.row.low % kPassed];
  if (passed.row != old.row) passed = {old.row, first_row_block_};
  for (const std::int64_t block : candidates_) {
    if (block < passed.block) continue;
    auto loaded = load(block);
    if (!loaded) return std::unexpected(loaded.error());
    BlockKeys& keys = **loaded;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const KeyRecord record = keys.at(i);
      if (!record.old_row || record.row != old.row || record.withdrawn) continue;
      if (record.old_question && record.question != old.question) continue;
      const bool asked = record.old_question && old.question != core::Hash128();
      rename({block, static_cast<std::uint32_t>(i), now.row,
              asked ? std::optional(now.question) : std::nullopt},
             keys);
      --rows_;
      passed.block = block;
      if (asked) {
        if (auto status = claim(old.question, now.question); !status)
          return std::unexpected(status.error());
      }
      return true;
    }
  }
  if (!candidates_.empty()) passed.block = candidates_.back() + 1;
  return false;
}

core::Result<std::optional<StoredAnswer>> OldNames::find_answer(const store::RowNames& old,
                                                                const store::RowNames& now) {
  if (auto status = look_up(old.question); !status) return std::unexpected(status.error());
  // Copied: claim() looks up too.
  const std::vector<std::int64_t> blocks = candidates_;
  for (const std::int64_t block : blocks) {
    auto loaded = load(block);
    if (!loaded) return std::unexpected(loaded.error());
    const BlockKeys& keys = **loaded;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const KeyRecord record = keys.at(i);
      if (!holds_answer(record, *models_)) continue;
      if (record.question != (record.old_question ? old.question : now.question)) continue;
      const bool own = record.old_row && record.row == old.row;
      if (record.old_question && !own && first_row_block_ != 0) continue;  // invariant 1
      const auto lines = lines_->lines(block);
      if (!lines) return std::unexpected(lines.error());
      StoredAnswer answer = stored_answer(**lines, i, *models_->valid(record.model));
      if (record.old_question) {
        if (auto status = claim(old.question, now.question); !status)
          return std::unexpected(status.error());
      }
      return answer;
    }
  }
  return std::nullopt;
}

std::vector<store::Renaming> OldNames::take() {
  taken_.swap(open_);
  open_.clear();
  open_count_ = 0;
  std::vector<store::Renaming> all;
  for (const auto& [block, renamings] : taken_)
    all.insert(all.end(), renamings.begin(), renamings.end());
  return all;
}

}  // namespace sluice::checkpoint
