#include "ask/lua_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::ask {
namespace {

constexpr std::array<std::string_view, 22> kKeywords = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};

bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}

// Lua takes "\r\n" within long brackets for one line end.
bool fits_long_brackets(std::string_view text) {
  return text.find('\n') != text.npos && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t';
         });
}

std::string in_long_brackets(std::string_view text) {
  std::string level;
  while (text.find("]" + level + "]") != text.npos || text.ends_with("]" + level)) level += '=';
  // Lua passes over the first line end.
  return fmt::format("[{}[\n{}]{}]", level, text, level);
}

}  // namespace

std::string lua_string(std::string_view text) {
  if (fits_long_brackets(text)) return in_long_brackets(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      out += fmt::format("\\{:03}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string lua_key(std::string_view name) {
  const bool plain = !name.empty() && !digit(name.front()) &&
                     std::ranges::all_of(name, [](char c) { return letter(c) || digit(c); }) &&
                     std::ranges::find(kKeywords, name) == kKeywords.end();
  return plain ? std::string(name) : fmt::format("[{}]", lua_string(name));
}

}  // namespace sluice::ask
