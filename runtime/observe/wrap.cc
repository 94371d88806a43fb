#include "observe/wrap.h"

#include <algorithm>

namespace sluice::observe {
namespace {

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// How many bytes the first `width` code points take.
std::size_t prefix(std::string_view text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!continues(text[i]) && ++seen > width) return i;
  }
  return text.size();
}

void wrap_line(std::string_view text, std::size_t width, std::vector<std::string>& lines) {
  while (columns(text) > width) {
    const std::size_t fits = prefix(text, width);
    const std::size_t blank = text[fits] == ' ' ? fits : text.rfind(' ', fits);
    const bool cut = blank == text.npos || text.find_first_not_of(' ') > blank;
    const std::size_t end = cut ? fits : blank;
    lines.emplace_back(text.substr(0, text.find_last_not_of(' ', end == 0 ? 0 : end - 1) + 1));
    text.remove_prefix(std::min(text.find_first_not_of(' ', end), text.size()));
  }
  lines.emplace_back(text);
}

}  // namespace

std::size_t columns(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues));
}

std::string shortened(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  std::string_view kept = text.substr(0, prefix(text, width - 1));
  return std::string(kept.substr(0, kept.find_last_not_of(' ') + 1)) + "…";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  if (text.empty()) return lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    wrap_line(text.substr(begin, end - begin), width, lines);
    begin = end + 1;
  }
  return lines;
}

}  // namespace sluice::observe
