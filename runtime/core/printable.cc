#include "core/printable.h"

#include <cstddef>

namespace sluice::core {
namespace {

// The length of the UTF-8 character that `text` begins with, and its code point; 0 when it is none.
std::size_t decode(std::string_view text, char32_t& point) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  point = length == 1 ? lead : lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return 0;
    point = point << 6 | (next & 0x3F);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool outside = point > 0x10FFFF || (point >= 0xD800 && point < 0xE000);
  return overlong || outside ? 0 : length;
}

bool steers(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string printable(std::string_view text, Lines lines) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    char32_t point = 0;
    const std::size_t length = decode(text, point);
    const bool kept = lines == Lines::kept && (point == '\n' || point == '\t');
    if (length == 0) {
      clean += '?';
    } else if (steers(point) && !kept) {
      clean += ' ';
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return clean;
}

}  // namespace sluice::core
