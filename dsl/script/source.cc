#include "script/source.h"

#include <algorithm>

namespace sluice::script {
namespace {

std::set<std::string> names_of(const std::vector<Entry>& entries) {
  std::set<std::string> names;
  for (const Entry& entry : entries) {
    if (!entry.key.empty()) names.insert(entry.key);
  }
  return names;
}

}  // namespace

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), tokens_(lex(text_)) {}

bool Source::is(std::size_t token, std::string_view text) const {
  return token < tokens_.size() && token_text(tokens_[token]) == text &&
         tokens_[token].kind != TokenKind::string;
}

// From the last name of "a.b.c" back to the first.
std::size_t Source::chain_start(std::size_t token) const {
  while (token >= 2 && (is(token - 1, ".") || is(token - 1, ":")) &&
         tokens_[token - 2].kind == TokenKind::name) {
    token -= 2;
  }
  return token;
}

std::optional<Call> Source::find_call(int line, std::string_view function,
                                      const std::set<std::string>& keys) const {
  constexpr int kMostCalls = 16;  // tables in tables on one line are gone through again and again
  std::optional<Call> first;
  int calls = 0;
  for (std::size_t i = 0; i + 1 < tokens_.size() && calls < kMostCalls; ++i) {
    if (tokens_[i].kind != TokenKind::name || !is(i, function)) continue;
    const Token& start = tokens_[chain_start(i)];
    if (start.line != line) continue;
    std::size_t next = i + 1;
    if (is(next, "(")) ++next;
    const bool table = is(next, "{");
    const bool called = table || next != i + 1 || tokens_[next].kind == TokenKind::string;
    if (!called) continue;
    ++calls;

    Call call{.function = {start.offset, tokens_[i].offset + tokens_[i].length - start.offset,
                           start.line},
              .table = table ? std::optional(next) : std::nullopt,
              .argument = span(tokens_[next])};
    if (table && std::ranges::includes(names_of(entries(next)), keys)) return call;
    if (!first) first = call;
  }
  return first;
}

// The token after the value that begins at `token`: a separator or the closing '}' of its table,
// or the end.
std::size_t Source::skip_value(std::size_t token) const {
  int depth = 0;
  for (; token + 1 < tokens_.size(); ++token) {
    const std::string_view text = token_text(tokens_[token]);
    const TokenKind kind = tokens_[token].kind;
    if (kind == TokenKind::symbol) {
      if (depth == 0 && (text == "," || text == ";" || text == "}")) return token;
      if (text == "(" || text == "{" || text == "[") ++depth;
      if (text == ")" || text == "}" || text == "]") --depth;
    } else if (kind == TokenKind::keyword) {
      if (text == "function" || text == "do" || text == "if" || text == "repeat") ++depth;
      if (text == "end" || text == "until") --depth;
    }
    if (depth < 0) return token;
  }
  return token;
}

std::vector<Entry> Source::entries(std::size_t brace) const {
  std::vector<Entry> found;
  std::size_t i = brace + 1;
  while (i + 1 < tokens_.size() && !is(i, "}")) {
    Entry entry;
    std::size_t value = i;
    if (tokens_[i].kind == TokenKind::name && is(i + 1, "=")) {
      entry.key = token_text(tokens_[i]);
      entry.key_span = span(tokens_[i]);
      value = i + 2;
    } else if (is(i, "[") && i + 3 < tokens_.size() && is(i + 2, "]") && is(i + 3, "=")) {
      if (tokens_[i + 1].kind == TokenKind::string) {
        entry.key = string_contents(token_text(tokens_[i + 1]));
      }
      entry.key_span = span(tokens_[i + 1]);
      value = i + 4;
    }
    const std::size_t end = skip_value(value);
    if (end <= value) break;  // nothing there: Lua will complain of the syntax
    const Token& first = tokens_[value];
    const Token& last = tokens_[end - 1];
    entry.value = {first.offset, last.offset + last.length - first.offset, first.line};
    entry.value_token = value;
    if (value == i) entry.key_span = entry.value;
    found.push_back(std::move(entry));
    i = end;
    if (is(i, ",") || is(i, ";")) ++i;
  }
  return found;
}

std::optional<std::size_t> Source::find_table(const std::set<std::string>& keys) const {
  std::size_t left = 20 * tokens_.size() + 10'000;  // tokens to go through
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::symbol || !is(i, "{")) continue;
    const std::vector<Entry> found = entries(i);
    if (names_of(found) == keys) return i;
    const std::size_t taken = found.empty() ? 1 : skip_value(found.back().value_token) - i;
    if (taken > left) return std::nullopt;
    left -= taken;
  }
  return std::nullopt;
}

std::optional<Span> Source::find_name(int line, std::string_view word,
                                      std::string_view after) const {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    const bool here = token.line == line && is(i, word);
    if (here && (after.empty() || (i > 0 && is(i - 1, after)))) return span(token);
    // s["word"]
    if (token.line == line && token.kind == TokenKind::string && after == "." &&
        string_contents(token_text(token)) == word) {
      return span(token);
    }
  }
  return std::nullopt;
}

std::optional<Span> Source::first_on(int line) const {
  const auto token = std::ranges::find(tokens_, line, &Token::line);
  if (token == tokens_.end()) return std::nullopt;
  return span(*token);
}

std::string_view Source::line_text(std::size_t offset) const {
  const std::string_view all = text_;
  offset = std::min(offset, all.size());
  std::size_t start = offset;
  while (start > 0 && !is_newline(all[start - 1])) --start;
  std::size_t end = offset;
  while (end < all.size() && !is_newline(all[end])) ++end;
  return all.substr(start, end - start);
}

int Source::column(std::size_t offset) const {
  const std::string_view line = line_text(offset);
  const auto in_line =
      static_cast<std::size_t>(text_.data() + std::min(offset, text_.size()) - line.data());
  return 1 + code_points(line.substr(0, in_line));
}

int code_points(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace sluice::script
