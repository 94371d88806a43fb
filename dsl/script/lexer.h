// Lua's tokens with their places (reference manual 5.4, §3.1). Lua itself keeps no columns and its
// tables no order; this lexer is what lets an error point at a key, and an answer keep its columns
// in the order of the source.
//
// Total: any bytes give tokens; what is no Lua is a token of kind `bad`. Plain functions, any
// thread.
//
// Invariants:
//   1. Tokens stand in source order and do not overlap; between them are only spaces and comments.
//   2. The last token, and only that, is `end`, at the end of the source.
//   3. A source that Lua compiles has no `bad` token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::script {

// Lua counts either as a line end.
inline bool is_newline(char c) {
  return c == '\n' || c == '\r';
}

enum class TokenKind : std::uint8_t { name, keyword, number, string, symbol, bad, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;  // in bytes
  std::size_t length = 0;
  int line = 1;  // of its first byte, counted as Lua counts
};

std::vector<Token> lex(std::string_view source);

// What stands between the quotes or long brackets of a string token, escapes left as they are.
std::string_view string_contents(std::string_view token);

}  // namespace sluice::script
