#include "script/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::script {
namespace {

constexpr std::array<std::string_view, 22> kKeywords = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};

// Longest first.
constexpr std::array<std::string_view, 10> kLongSymbols = {
    "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", ".."};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (true) {
      skip_blanks();
      const std::size_t start = at_;
      const int line = line_;
      if (start == source_.size()) {
        tokens_.push_back({TokenKind::end, start, 0, line});
        return std::move(tokens_);
      }
      const TokenKind kind = one();
      tokens_.push_back({kind, start, at_ - start, line});
    }
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool done() const { return at_ >= source_.size(); }

  // One line end: "\n", "\r", "\r\n" or "\n\r".
  void newline() {
    const char first = source_[at_++];
    if (!done() && is_newline(peek()) && peek() != first) ++at_;
    ++line_;
  }
  void advance() {
    if (is_newline(peek())) return newline();
    ++at_;
  }

  void skip_blanks() {
    while (!done()) {
      if (is_space(peek())) {
        advance();
      } else if (peek() == '-' && peek(1) == '-') {
        at_ += 2;
        if (const auto level = long_bracket_level()) {
          long_bracket(*level);
        } else {
          while (!done() && !is_newline(peek())) ++at_;
        }
      } else {
        return;
      }
    }
  }

  TokenKind one() {
    const char c = peek();
    if (is_name_start(c)) {
      const std::size_t start = at_;
      while (!done() && is_name_part(peek())) ++at_;
      const std::string_view word = source_.substr(start, at_ - start);
      return std::ranges::binary_search(kKeywords, word) ? TokenKind::keyword : TokenKind::name;
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return quoted();
    if (const auto level = long_bracket_level()) {
      return long_bracket(*level) ? TokenKind::string : TokenKind::bad;
    }
    for (const std::string_view symbol : kLongSymbols) {
      if (source_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        return TokenKind::symbol;
      }
    }
    ++at_;
    constexpr std::string_view kSymbols = "+-*/%^#&~|<>=(){}[];:,.";
    return kSymbols.find(c) != std::string_view::npos ? TokenKind::symbol : TokenKind::bad;
  }

  // Greedy, as Lua reads it; whether it is a well-formed number is Lua's to say.
  TokenKind number() {
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    if (hex) at_ += 2;
    while (!done()) {
      const char lower = static_cast<char>(peek() | 0x20);
      const bool exponent = hex ? lower == 'p' : lower == 'e';
      if (exponent && (peek(1) == '+' || peek(1) == '-')) {
        at_ += 2;
      } else if (is_name_part(peek()) || peek() == '.') {
        ++at_;
      } else {
        break;
      }
    }
    return TokenKind::number;
  }

  TokenKind quoted() {
    const char quote = source_[at_++];
    while (!done() && !is_newline(peek())) {
      const char c = peek();
      ++at_;
      if (c == quote) return TokenKind::string;
      if (c != '\\' || done()) continue;
      if (peek() == 'z') {
        ++at_;
        while (!done() && is_space(peek())) advance();
      } else {
        advance();
      }
    }
    return TokenKind::bad;
  }

  // The number of '=' of the opening long bracket that stands here, if one does.
  std::optional<std::size_t> long_bracket_level() const {
    if (peek() != '[') return std::nullopt;
    std::size_t level = 0;
    while (peek(1 + level) == '=') ++level;
    if (peek(1 + level) != '[') return std::nullopt;
    return level;
  }

  // Skips a long bracket; false when it is never closed.
  bool long_bracket(std::size_t level) {
    at_ += level + 2;
    const std::string close = "]" + std::string(level, '=') + "]";
    while (!done()) {
      if (peek() == ']' && source_.substr(at_).starts_with(close)) {
        at_ += close.size();
        return true;
      }
      advance();
    }
    return false;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex(std::string_view source) {
  return Lexer(source).run();
}

std::string_view string_contents(std::string_view token) {
  if (token.size() < 2) return {};
  if (token.front() != '[') return token.substr(1, token.size() - 2);
  const std::size_t bracket = token.find('[', 1) + 1;
  if (token.size() < 2 * bracket) return {};
  token = token.substr(bracket, token.size() - 2 * bracket);
  // Lua drops the line end that follows the opening bracket.
  if (token.starts_with("\r\n") || token.starts_with("\n\r")) return token.substr(2);
  if (token.starts_with("\n") || token.starts_with("\r")) return token.substr(1);
  return token;
}

}  // namespace sluice::script
