// Finds stored answers in one checkpoint's file: the index says which blocks may hold one, the
// block's keys say whether it does.
//
// Threads: one at a time; the store is for it alone. `index` and `models` may change meanwhile as
// their headers allow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/block_cache.h"
#include "checkpoint/models.h"
#include "checkpoint/options.h"
#include "index/hash_index.h"

namespace sluice::checkpoint {

class AnswerReader {
 public:
  AnswerReader(std::unique_ptr<store::SqliteStore> store, const index::HashIndex& index)
      : store_(std::move(store)), index_(index), blocks_(*store_) {}

  // The answer to `question` by one of the models that are valid.
  core::Result<std::optional<StoredAnswer>> find(const core::Hash128& question,
                                                 const Models& models);
  store::SqliteStore& store() { return *store_; }

 private:
  core::Result<std::optional<StoredAnswer>> find_in(std::int64_t block,
                                                    const core::Hash128& question,
                                                    const Models& models);

  const std::unique_ptr<store::SqliteStore> store_;
  const index::HashIndex& index_;
  BlockCache blocks_;  // of store_
  std::vector<std::int64_t> candidates_;
};

// Whether an entry has the answer to a question, the first by its model; whether that model's hold;
// and whether it is to be found by the question's present name (index/hash_index.h, invariant 5).
bool is_first_answer(const KeyRecord& record);
bool holds_answer(const KeyRecord& record, const Models& models);
bool is_indexed(const KeyRecord& record, const Models& models);

// The answer in line `i`.
StoredAnswer stored_answer(const BlockLines& lines, std::size_t i, const std::string& model);

}  // namespace sluice::checkpoint
