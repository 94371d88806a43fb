// The lines that the sink writes: {"<key or kept fields>", …, <answer members>} and, for rejects,
// {"row": …, "stage": …, "reason": …, "detail": …, "history": [...]}. No line end. Answers that the
// next level of a cascade reads begin as cascade.h says.
//
// Threads: a LineWriter is immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/reject.h"
#include "core/row.h"
#include "stages/item.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::stages {

class LineWriter {
 public:
  // `answer_names`: the answer's columns. A row's field of the same name is left out of the line.
  LineWriter(const PipelineSpec& spec, std::vector<std::string> answer_names);

  // `members`: the answer as `"queue":"bug","urgency":2`, without braces; may be empty.
  store::Entry answer(const Item& item, std::string_view members, std::string model) const;
  store::Entry reject(const Item& item, const core::Reject& reject) const;

 private:
  void append_kept(std::string& line, const core::Row& row) const;
  bool is_answer_name(std::string_view name) const;

  std::string key_field_;
  bool keep_row_;
  bool for_next_level_;
  std::vector<std::string> keep_;
  std::vector<std::string> answer_names_;
};

// Bytes that rows which have ended hold until they are committed.
inline std::size_t bytes_of(const std::vector<store::Entry>& entries) {
  std::size_t bytes = 0;
  for (const store::Entry& entry : entries) bytes += sizeof entry + entry.line.size();
  return bytes;
}

}  // namespace sluice::stages
