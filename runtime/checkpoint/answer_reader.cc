#include "checkpoint/answer_reader.h"

namespace sluice::checkpoint {

core::Result<std::optional<StoredAnswer>> AnswerReader::find(const core::Hash128& question,
                                                             const Models& models) {
  candidates_.clear();
  if (auto status = index_.candidates(question, candidates_); !status)
    return std::unexpected(status.error());
  for (const std::int64_t block : candidates_) {
    auto answer = find_in(block, question, models);
    if (!answer || *answer) return answer;
  }
  return std::nullopt;
}

core::Result<std::optional<StoredAnswer>> AnswerReader::find_in(std::int64_t block,
                                                                const core::Hash128& question,
                                                                const Models& models) {
  const auto keys = blocks_.keys(block);
  if (!keys) return std::unexpected(keys.error());
  for (std::size_t i = (*keys)->find(question); i < (*keys)->size();
       i = (*keys)->find(question, i + 1)) {
    const std::string* model = models.valid((*keys)->at(i).model);
    if (model == nullptr) continue;
    const auto lines = blocks_.lines(block);
    if (!lines) return std::unexpected(lines.error());
    return stored_answer(**lines, i, *model);
  }
  return std::nullopt;
}

bool is_first_answer(const KeyRecord& record) {
  return record.kind == store::Kind::answer && !record.repeat && record.question != core::Hash128();
}

bool holds_answer(const KeyRecord& record, const Models& models) {
  return is_first_answer(record) && models.valid(record.model) != nullptr;
}

bool is_indexed(const KeyRecord& record, const Models& models) {
  return holds_answer(record, models) && !record.old_question;
}

StoredAnswer stored_answer(const BlockLines& lines, std::size_t i, const std::string& model) {
  const std::string_view line = lines.line(i);
  const std::size_t from = lines.answer_at(i);
  const std::size_t end = line.empty() ? 0 : line.size() - 1;  // without the final '}'
  return {from < end ? std::string(line.substr(from, end - from)) : "", model};
}

}  // namespace sluice::checkpoint
