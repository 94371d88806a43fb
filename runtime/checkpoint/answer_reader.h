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
#include "checkpoint/checkpoint.h"
#include "checkpoint/models.h"
#include "checkpoint/question_index.h"

namespace sluice::checkpoint {

class AnswerReader {
 public:
  AnswerReader(std::unique_ptr<Store> store, const QuestionIndex& index)
      : store_(std::move(store)), index_(index), blocks_(*store_) {}

  // The answer to `question` by one of the models that are valid.
  core::Result<std::optional<StoredAnswer>> find(const core::Hash128& question,
                                                 const Models& models);
  Store& store() { return *store_; }

 private:
  core::Result<std::optional<StoredAnswer>> find_in(std::int64_t block,
                                                    const core::Hash128& question,
                                                    const Models& models);

  const std::unique_ptr<Store> store_;
  const QuestionIndex& index_;
  BlockCache blocks_;  // of store_
  std::vector<std::int64_t> candidates_;
};

// Whether an entry's answer is to be found by its question (question_index.h, invariant 4).
bool is_indexed(const KeyRecord& record, const Models& models);

}  // namespace sluice::checkpoint
