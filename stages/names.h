// What rows and their questions are called in the checkpoint: equal questions share an answer,
// equal rows are occurrences of one. Both names are core::name128, so that nobody can make a row
// that gets another's answer, or passes for another that has ended.
//
// Threads: any.
#pragma once

#include <string_view>
#include <vector>

#include "core/hash.h"
#include "core/row.h"
#include "store/records.h"

namespace sluice::stages {

// `base`: of all that the questions of a pipeline share (question.h).
core::Hash128 question_name(const core::Hash128& base, std::string_view prompt);
// One that only rows of the same content share.
core::Hash128 question_name(const core::Hash128& base, std::string_view prompt,
                            const core::Row& row);
// With the names of the files that it is asked with, in their order; `row`: null where the answer is
// not this row's alone.
core::Hash128 question_name(const core::Hash128& base, std::string_view prompt,
                            const std::vector<core::Hash128>& files, const core::Row* row);
// Of a file by its bytes, wherever it is; of a URL by its text.
core::Hash128 file_name(std::string_view bytes);
core::Hash128 url_name(std::string_view url);
// In place of a question's, of a row that is not asked since an answer was accepted for it.
core::Hash128 accepted_name(std::string_view members);
// A row that is asked, by its key, or by its content where it has none. `kept`: what the output
// line takes from the row beside its key, so that a row in which it changed is another one.
core::Hash128 row_name(const core::Row& row, const core::Hash128& question,
                       std::string_view kept = {});
// A row that is never asked is known by its content too, so that a corrected row is a new one.
core::Hash128 unasked_row_name(const core::Row& row);

// As formats 1 to 4 of the checkpoint named them, by XXH3: for records that are there already
// (checkpoint/old_names.h), and for nothing else. `key_json`: the key by append_json().
namespace old_names {
core::Hash128 question_name(const core::Hash128& base, std::string_view prompt);
core::Hash128 row_name(const core::Row& row, std::string_view key_json,
                       const core::Hash128& question);
core::Hash128 unasked_row_name(const core::Row& row, std::string_view key_json);
}  // namespace old_names

}  // namespace sluice::stages
