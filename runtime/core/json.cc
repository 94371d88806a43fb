#include "core/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
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

// Sixteen bytes as one value, which GCC and Clang compile to whatever the machine has for it.
using Sixteen [[gnu::vector_size(16)]] = unsigned char;

// Where the first of sixteen bytes that must be escaped stands; sixteen when there is none.
std::size_t first_to_escape(const char* sixteen) {
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  Sixteen bytes;
  std::memcpy(&bytes, sixteen, sizeof bytes);
  const auto found = (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
  std::uint64_t halves[2];
  static_assert(sizeof found == sizeof halves);
  std::memcpy(halves, &found, sizeof halves);
  const int bits = halves[0] != 0 ? std::countr_zero(halves[0]) : 64 + std::countr_zero(halves[1]);
  return static_cast<std::size_t>(bits) / 8;
}

// Calls `escape` with the place of each byte that must be escaped.
template <class Escape>
void each_to_escape(std::string_view text, Escape escape) {
  for (std::size_t at = 0; at < text.size();) {
    if (at + sizeof(Sixteen) <= text.size()) {
      const std::size_t plain = first_to_escape(text.data() + at);
      at += plain;
      if (plain == sizeof(Sixteen)) continue;
    } else if (kPlain[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    escape(at++);
  }
}

void append_escaped_valid(std::string& out, std::string_view text) {
  std::size_t start = 0;
  each_to_escape(text, [&](std::size_t at) {
    out.append(text, start, at - start);
    append_escape(out, static_cast<unsigned char>(text[at]));
    start = at + 1;
  });
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

std::size_t json_string_bytes(std::string_view text) {
  std::size_t bytes = text.size() + 2;
  each_to_escape(text, [&](std::size_t at) {
    constexpr std::string_view kShort = "\"\\\n\r\t\b\f";
    bytes += kShort.find(text[at]) != kShort.npos ? 1 : 5;
  });
  return bytes;
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  raw({digits, static_cast<std::size_t>(end - digits)});
}

}  // namespace sluice::core
