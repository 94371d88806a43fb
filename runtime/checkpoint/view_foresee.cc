// View::foresee() and View::each_answered().
#include <unordered_map>

#include "checkpoint/answer_reader.h"
#include "checkpoint/block.h"
#include "checkpoint/recovery.h"
#include "checkpoint/view.h"
#include "store/sqlite_file_check.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

core::Result<Foresight> View::foresee(const core::Hash128& fingerprint,
                                      const std::vector<std::string>& models,
                                      const std::vector<core::Hash128>& questions) {
  Foresight foresight;
  foresight.new_generation = fingerprint_ && *fingerprint_ != fingerprint;
  if (!foresight.new_generation) return foresight;
  std::unordered_map<core::Hash128, bool> wanted;
  for (const core::Hash128& question : questions) wanted.emplace(question, false);
  auto status = each_answered(models, [&](const core::Hash128& question) {
    ++foresight.answers;
    if (const auto at = wanted.find(question); at != wanted.end()) at->second = true;
  });
  if (!status) return std::unexpected(status.error());
  for (const core::Hash128& question : questions) foresight.found += wanted.at(question) ? 1U : 0U;
  return foresight;
}

core::Status View::each_answered(const std::vector<std::string>& models,
                                 const std::function<void(const core::Hash128& question)>& each) {
  const auto stored = store_->models();
  if (!stored) return std::unexpected(stored.error());
  const Models valid(*stored, models);
  const auto look = [&](std::string bytes) -> core::Status {
    const auto keys = BlockKeys::decode(std::move(bytes));
    if (!keys)
      return store::corrupt(store_->path(), "the checkpoint is damaged: the keys of a block");
    for (std::size_t i = 0; i < keys->size(); ++i) {
      const KeyRecord record = keys->at(i);
      if (is_indexed(record, valid)) each(record.question);
    }
    return {};
  };
  auto status = store_->scan_keys(
      0, [&](std::int64_t, std::int64_t, std::string keys) { return look(std::move(keys)); });
  for (const FileState::Block& block : state_->blocks())
    if (status) status = look(block.block.keys);
  return status;
}

}  // namespace sluice::checkpoint
