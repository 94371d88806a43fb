// One Lua file of a pipeline with its tokens, and the search for the places that errors point at:
// the call of a constructor on a line (all that Lua's debug information gives) and the entries of
// the table that it is called with.
//
// Threads: immutable once made; any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "script/lexer.h"

namespace sluice::script {

// A stretch of a source.
struct Span {
  std::size_t offset = 0;
  std::size_t length = 0;
  int line = 1;
};

// One entry of a table constructor.
struct Entry {
  std::string key;  // empty = positional
  Span key_span;    // of the value when positional
  Span value;
  std::size_t value_token = 0;  // the value's first token
};

struct Call {
  Span function;                     // "s.pack"
  std::optional<std::size_t> table;  // token of the '{' it is called with
  std::optional<Span> argument;      // first token after the function's name, a '(' skipped
};

class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }  // as shown in messages
  const std::string& text() const { return text_; }
  const std::vector<Token>& tokens() const { return tokens_; }

  std::string_view token_text(const Token& token) const {
    return std::string_view(text_).substr(token.offset, token.length);
  }
  static Span span(const Token& token) { return {token.offset, token.length, token.line}; }

  // The call of `function` that begins on `line`. With several, the first one (of the first 16)
  // whose table names all of `keys`, else the first.
  std::optional<Call> find_call(int line, std::string_view function,
                                const std::set<std::string>& keys) const;

  // The entries of the table constructor whose '{' is tokens()[brace].
  std::vector<Entry> entries(std::size_t brace) const;

  // The '{' of the first table constructor that names exactly `keys`; nothing when they are so deep
  // in one another that to look would take long.
  std::optional<std::size_t> find_table(const std::set<std::string>& keys) const;

  // The first name token `word` on `line`; `after` = only behind that symbol, as in "s.word".
  std::optional<Span> find_name(int line, std::string_view word, std::string_view after = {}) const;

  // The first token on `line`.
  std::optional<Span> first_on(int line) const;

  // The line that holds `offset`, without its line end; and the 1-based column in code points.
  std::string_view line_text(std::size_t offset) const;
  int column(std::size_t offset) const;

 private:
  bool is(std::size_t token, std::string_view text) const;
  std::size_t chain_start(std::size_t token) const;
  std::size_t skip_value(std::size_t token) const;

  std::string name_;
  std::string text_;
  std::vector<Token> tokens_;
};

// Code points in `text`, for columns; bytes that are no UTF-8 count one each.
int code_points(std::string_view text);

}  // namespace sluice::script
