#include "format/json_mistake.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

namespace sluice::format {
namespace {

constexpr std::size_t kMostDepth = 1000;  // the parser's is 1024

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// The bytes of the UTF-8 sequence at the start of `text`; 0 where it is not one.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool out_of_range = (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
    return tail(1) && tail(2) && tail(3) && !out_of_range ? 4 : 0;
  }
  return 0;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<JsonMistake> scan() {
    space();
    if (end()) {
      wrong("nothing is here");
    } else if (value(0)) {
      space();
      if (!end())
        wrong(peek() == '{' ? "a second object begins here: one a line"
                            : "something follows the end of the value");
    }
    return std::move(mistake_);
  }

 private:
  bool end() const { return at_ >= text_.size(); }
  char peek() const { return end() ? '\0' : text_[at_]; }
  void space() {
    while (!end() && is_space(peek())) ++at_;
  }
  bool wrong(std::string what) { return wrong_at(at_, std::move(what)); }
  bool wrong_at(std::size_t offset, std::string what) {
    mistake_ = {offset, std::move(what)};
    return false;
  }

  bool value(std::size_t depth) {
    if (depth > kMostDepth) return wrong("too many levels of lists and objects");
    space();
    const char c = peek();
    if (c == '{') return members(depth, '}');
    if (c == '[') return members(depth, ']');
    if (c == '"') return text();
    if (c == '-' || is_digit(c)) return number();
    if (end()) return wrong("the line ends where a value is due");
    if (is_letter(c)) return word();
    if (c == '\'') return wrong("names and texts stand in double quotes");
    if (c == '}' || c == ']' || c == ',') return wrong("a value is missing here");
    return wrong(static_cast<unsigned char>(c) < 0x80
                     ? fmt::format("no value begins with '{}'", c)
                     : "this is not a value; texts stand in double quotes");
  }

  // An object or a list, from its bracket on.
  bool members(std::size_t depth, char close) {
    const bool object = close == '}';
    const std::size_t open = at_++;
    space();
    if (peek() == close) return ++at_, true;
    while (true) {
      space();
      if (end()) return unclosed(open, object);
      if (object) {
        if (peek() == close) return wrong("a comma before the end of the object");
        if (peek() == '\'') return wrong("names and texts stand in double quotes");
        if (peek() != '"') return wrong("a name in double quotes is due here");
        if (!text()) return false;
        space();
        if (end()) return unclosed(open, object);
        if (peek() != ':') return wrong("a ':' is missing before this");
        ++at_;
      } else if (peek() == close) {
        return wrong("a comma before the end of the list");
      }
      space();
      if (end()) return unclosed(open, object);
      if (!value(depth + 1)) return false;
      space();
      if (end()) return unclosed(open, object);
      if (peek() == close) return ++at_, true;
      if (peek() != ',')
        return wrong(fmt::format("a comma or a '{}' is missing before this", close));
      ++at_;
    }
  }
  bool unclosed(std::size_t open, bool object) {
    return wrong_at(open, fmt::format("{} begins here and the line ends before it does: one row a "
                                      "line, without line breaks in it",
                                      object ? "an object" : "a list"));
  }

  bool text() {
    const std::size_t open = at_++;
    while (!end()) {
      const auto byte = static_cast<unsigned char>(peek());
      if (byte == '"') return ++at_, true;
      if (byte < 0x20)
        return wrong(fmt::format("a control character (0x{:02X}) in a text: write it as {}", byte,
                                 byte == '\t' ? "\\t" : fmt::format("\\u00{:02x}", byte)));
      if (byte == '\\') {
        if (!escape()) return false;
        continue;
      }
      const std::size_t bytes = sequence(text_.substr(at_));
      if (bytes == 0)
        return wrong(
            fmt::format("byte 0x{:02X} is not UTF-8, as in a file of another encoding: "
                        "iconv -f latin1 -t utf-8 converts one",
                        byte));
      at_ += bytes;
    }
    return wrong_at(open, "this text has no closing quote");
  }
  bool escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == 'u') {
      const auto hex = [&](std::size_t i) {
        const char h = at_ + i < text_.size() ? text_[at_ + i] : '\0';
        return is_digit(h) || (h >= 'a' && h <= 'f') || (h >= 'A' && h <= 'F');
      };
      if (!hex(2) || !hex(3) || !hex(4) || !hex(5))
        return wrong("four hexadecimal digits are due after \\u");
      at_ += 6;
      return true;
    }
    if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos || c == '\0')
      return wrong("JSON has no such escape; a backslash itself is written \\\\");
    at_ += 2;
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    while (!end() &&
           (is_digit(peek()) || std::string_view("+-.eE").find(peek()) != std::string_view::npos))
      ++at_;
    const std::string digits(text_.substr(start, at_ - start));
    std::size_t i = digits[0] == '-' ? 1 : 0;
    const auto some = [&] {
      const std::size_t first = i;
      while (i < digits.size() && is_digit(digits[i])) ++i;
      return i > first;
    };
    const bool zero = i < digits.size() && digits[i] == '0';
    bool good = some() && !(zero && i > (digits[0] == '-' ? 2u : 1u));
    if (good && i < digits.size() && digits[i] == '.') good = (++i, some());
    if (good && i < digits.size() && (digits[i] == 'e' || digits[i] == 'E')) {
      ++i;
      if (i < digits.size() && (digits[i] == '+' || digits[i] == '-')) ++i;
      good = some();
    }
    if (!good || i != digits.size())
      return wrong_at(start,
                      "this is not a number as JSON writes it; as text it stands in double quotes");
    if (!std::isfinite(std::strtod(digits.c_str(), nullptr)))
      return wrong_at(start, "this number is too large for a double");
    return true;
  }

  bool word() {
    const std::size_t start = at_;
    while (!end() && (is_letter(peek()) || is_digit(peek()))) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    if (word == "true" || word == "false" || word == "null") return true;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOthers = {
        {{"True", "true"}, {"False", "false"}, {"None", "null"}, {"NaN", "null"}}};
    for (const auto& [other, json] : kOthers) {
      if (word == other)
        return wrong_at(start, fmt::format("'{}' is not JSON: write {}", other, json));
    }
    return wrong_at(start, "this is not a value; texts stand in double quotes");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::optional<JsonMistake> mistake_;
};

}  // namespace

std::optional<JsonMistake> find_json_mistake(std::string_view text) {
  return Scanner(text).scan();
}

}  // namespace sluice::format
