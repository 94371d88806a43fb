#include "checkpoint/duplicate_answer_filter.h"

namespace sluice::checkpoint {

core::Result<bool> DuplicateAnswerFilter::is_repeat(const core::Hash128& question,
                                                    std::uint32_t model) {
  Recent& recent = recent_[question.low % kRecent];
  if (recent.question == question && recent.model == model) return true;
  recent = {question, model};

  candidates_.clear();
  if (auto status = index_.candidates(question, candidates_); !status)
    return std::unexpected(status.error());
  for (const std::int64_t block : candidates_) {
    const auto keys = blocks_.keys(block);
    if (!keys) return std::unexpected(keys.error());
    for (std::size_t i = (*keys)->find(question); i < (*keys)->size();
         i = (*keys)->find(question, i + 1))
      if ((*keys)->at(i).model == model) return true;
  }
  return false;
}

}  // namespace sluice::checkpoint
