// A regular expression that a text must hold a match of: RE2's syntax, searched for anywhere in the
// text, as JSON Schema's `pattern` is ("^…$" for the whole of it). Linear in the text, whatever the
// expression. The one user of RE2.
//
// Threads: immutable; any.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace re2 {
class RE2;
}

namespace sluice::answer {

class Pattern {
 public:
  Pattern() = default;  // none: any text fits

  // ErrorCode::pipeline with RE2's words when `text` is no regular expression, or one too large.
  static core::Result<Pattern> compile(std::string text);

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  // `subject` is UTF-8.
  bool found_in(std::string_view subject) const;

 private:
  std::string text_;
  std::shared_ptr<const re2::RE2> compiled_;  // null when there is none
};

}  // namespace sluice::answer
