#include "stages/names.h"

#include <string>

namespace sluice::stages {

core::Hash128 question_name(const core::Hash128& base, std::string_view prompt) {
  return core::name128("question", {core::bytes_of(base), prompt});
}

core::Hash128 question_name(const core::Hash128& base, std::string_view prompt,
                            const core::Row& row) {
  return core::name128("question of a row", {core::bytes_of(base), prompt, row.raw});
}

core::Hash128 question_name(const core::Hash128& base, std::string_view prompt,
                            const std::vector<core::Hash128>& files, const core::Row* row) {
  std::string names;
  for (const core::Hash128& file : files) names += file.hex();
  if (row == nullptr)
    return core::name128("question with files", {core::bytes_of(base), prompt, names});
  return core::name128("question of a row with files",
                       {core::bytes_of(base), prompt, names, row->raw});
}

core::Hash128 file_name(std::string_view bytes) {
  return core::name128("file", {bytes});
}

core::Hash128 url_name(std::string_view url) {
  return core::name128("url", {url});
}

core::Hash128 accepted_name(std::string_view members) {
  return core::name128("accepted answer", {members});
}

core::Hash128 row_name(const core::Row& row, const core::Hash128& question, std::string_view kept) {
  if (row.key_json.empty())
    return core::name128("row by content", {row.raw, core::bytes_of(question)});
  if (!kept.empty())
    return core::name128("row and fields", {row.key_json, core::bytes_of(question), kept});
  return core::name128("row", {row.key_json, core::bytes_of(question)});
}

core::Hash128 unasked_row_name(const core::Row& row) {
  return core::name128("unasked row", {row.key_json, row.raw});
}

namespace old_names {

namespace {

core::Hash128 key_hash(const core::Row& row, std::string_view key_json) {
  return core::hash128(key_json.empty() ? std::string_view(row.raw) : key_json);
}

}  // namespace

core::Hash128 question_name(const core::Hash128& base, std::string_view prompt) {
  return core::combine(base, core::hash128(prompt));
}

core::Hash128 row_name(const core::Row& row, std::string_view key_json,
                       const core::Hash128& question) {
  return core::combine(key_hash(row, key_json), question);
}

core::Hash128 unasked_row_name(const core::Row& row, std::string_view key_json) {
  return core::combine(key_hash(row, key_json), core::hash128(row.raw));
}

}  // namespace old_names

}  // namespace sluice::stages
