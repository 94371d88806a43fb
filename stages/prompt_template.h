// "{{subject}}\n\n{{body}}": text with places for a row's fields. "{{a.b}}" looks into objects.
// Text fields stand as they are, other values as compact JSON, numbers as they are written there.
// There is no escape for "{{": what needs more than fields is a Lua function.
//
// Threads: immutable after parse().
#pragma once

#include <simdjson.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::stages {

constexpr std::size_t kMaxPromptBytes = 16 * 1024 * 1024;  // of one row, by template or function
constexpr std::size_t kMostPlaces = 10'000;                // of one template

class PromptTemplate {
 public:
  // ErrorCode::pipeline on an unclosed "{{", an empty place, or more than kMostPlaces.
  static core::Result<PromptTemplate> parse(std::string_view text);

  // The text for one row, or the name of the field that the row lacks (or has as null). Ends behind
  // the place where it is longer than kMaxPromptBytes: the caller refuses it. `text`: the row's
  // bytes; without them numbers stand by their value (1.1 for 1.10), as old names have them.
  std::expected<std::string, std::string> render(const simdjson::dom::object& row,
                                                 std::string_view text = {}) const;

  // What it names: nothing where one of its places has an empty text; where it is one place alone and
  // the row has a list there, a text for each element that is not empty; else the text of render().
  std::expected<std::vector<std::string>, std::string> render_each(
      const simdjson::dom::object& row, std::string_view text = {}) const;

 private:
  struct Piece {
    std::string literal;            // comes first; may be empty
    std::vector<std::string> path;  // then this field; empty at the end of the text
  };
  // The row's value at a piece's path; nullopt where it lacks it, or has it as null.
  static std::optional<simdjson::dom::element> value_at(const Piece& piece,
                                                        const simdjson::dom::object& row);
  std::vector<Piece> pieces_;
};

}  // namespace sluice::stages
