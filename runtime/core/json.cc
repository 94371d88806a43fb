#include "core/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace sluice::core {
namespace {

constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x80; ++c) plain[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  for (int c = 0x80; c < 0x100; ++c) plain[static_cast<std::size_t>(c)] = true;
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

void append_escape(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

// The length of the well-formed UTF-8 sequence at the start of `s`, or 0 (RFC 3629 §4).
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto tail = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;  // overlong
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;  // past U+10FFFF
    return 4;
  }
  return 0;
}

// Whether one of eight bytes must be escaped. (For a byte b of a word, (b - n) & ~b has its high
// bit set when b < n; when a lower byte has borrowed from it, that one was found already.)
bool needs_escape(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / 255;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  const auto below = [](std::uint64_t word, std::uint64_t n) { return (word - kOnes * n) & ~word; };
  const std::uint64_t quotes = eight ^ (kOnes * '"');
  const std::uint64_t backslashes = eight ^ (kOnes * '\\');
  return ((below(eight, 0x20) | below(quotes, 1) | below(backslashes, 1)) & kHighBits) != 0;
}

void append_escaped_valid(std::string& out, std::string_view text) {
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0x2020202020202020;  // the last ones may be fewer
    const std::size_t end = std::min(text.size(), at + sizeof eight);
    if (at + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
    } else {
      std::memcpy(&eight, text.data() + at, end - at);
    }
    if (!needs_escape(eight)) continue;
    for (std::size_t i = at; i < end; ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (kPlain[c]) continue;
      out.append(text, start, i - start);
      append_escape(out, c);
      start = i + 1;
    }
  }
  out.append(text, start);
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + text.size() / 16);
  if (simdjson::validate_utf8(text.data(), text.size())) return append_escaped_valid(out, text);
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      append_escaped_valid(out, text.substr(0, length));
      text.remove_prefix(length);
    }
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  raw({digits, static_cast<std::size_t>(end - digits)});
}

}  // namespace sluice::core
