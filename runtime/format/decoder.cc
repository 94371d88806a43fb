#include "format/decoder.h"

namespace sluice::format {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&out](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      byte(0xE0 | (c >> 12));
    } else {
      byte(0xF0 | (c >> 18));
      byte(0x80 | ((c >> 12) & 0x3F));
    }
    byte(0x80 | ((c >> 6) & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

// 0x80 to 0x9F of Windows-1252 (https://encoding.spec.whatwg.org/index-windows-1252.txt); those that
// it leaves open are the control characters of ISO 8859-1.
constexpr char16_t kWindows1252[32] = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::size_t decode_utf16(bool big, std::string_view bytes, bool at_end, std::string& out) {
  const auto unit = [&](std::size_t at) {
    const auto a = static_cast<unsigned char>(bytes[at]);
    const auto b = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<char32_t>(big ? a << 8 | b : b << 8 | a);
  };
  std::size_t at = 0;
  while (at + 2 <= bytes.size()) {
    const char32_t high = unit(at);
    if (high < 0xD800 || high > 0xDFFF) {
      append_utf8(out, high);
      at += 2;
      continue;
    }
    if (high < 0xDC00 && at + 4 > bytes.size() && !at_end) return at;
    const char32_t low = high < 0xDC00 && at + 4 <= bytes.size() ? unit(at + 2) : 0;
    const bool pair = low >= 0xDC00 && low <= 0xDFFF;
    append_utf8(out, pair ? 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) : kReplacement);
    at += pair ? 4 : 2;
  }
  if (at < bytes.size() && at_end) {
    append_utf8(out, kReplacement);
    at = bytes.size();
  }
  return at;
}

}  // namespace

std::optional<ByteOrderMark> byte_order_mark(std::string_view start) {
  if (start.starts_with("\xEF\xBB\xBF")) return ByteOrderMark{Encoding::utf8, 3};
  if (start.starts_with("\xFF\xFE")) return ByteOrderMark{Encoding::utf16le, 2};
  if (start.starts_with("\xFE\xFF")) return ByteOrderMark{Encoding::utf16be, 2};
  return std::nullopt;
}

Encoding encoding_named(std::string_view name) {
  if (name == "utf-16") return Encoding::utf16le;
  if (name == "utf-16be") return Encoding::utf16be;
  if (name == "latin1") return Encoding::latin1;
  return Encoding::utf8;
}

std::size_t decode(Encoding encoding, std::string_view bytes, bool at_end, std::string& out) {
  switch (encoding) {
    case Encoding::utf8:
      out += bytes;
      return bytes.size();
    case Encoding::utf16le:
    case Encoding::utf16be:
      return decode_utf16(encoding == Encoding::utf16be, bytes, at_end, out);
    case Encoding::latin1:
      for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        append_utf8(out, byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte);
      }
      return bytes.size();
  }
  return bytes.size();
}

}  // namespace sluice::format
