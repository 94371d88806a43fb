// "{{subject}}\n\n{{body}}": text with places for a row's fields. "{{a.b}}" looks into objects.
// Text fields stand as they are, other values as compact JSON. There is no escape for "{{": what
// needs more than fields is a Lua function.
//
// Threads: immutable after parse().
#pragma once

#include <simdjson.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::stages {

class PromptTemplate {
 public:
  // ErrorCode::pipeline on an unclosed "{{" or an empty place.
  static core::Result<PromptTemplate> parse(std::string_view text);

  // The text for one row, or the name of the field that the row lacks (or has as null).
  std::expected<std::string, std::string> render(const simdjson::dom::object& row) const;

 private:
  struct Piece {
    std::string literal;            // comes first; may be empty
    std::vector<std::string> path;  // then this field; empty at the end of the text
  };
  std::vector<Piece> pieces_;
};

}  // namespace sluice::stages
