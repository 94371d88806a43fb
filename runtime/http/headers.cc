#include "http/headers.h"

#include <algorithm>

namespace sluice::http {
namespace {

// What most messages need, in one step.
constexpr std::size_t kUsualBytes = 512;
constexpr std::size_t kUsualLines = 16;

}  // namespace

void Headers::begin_line() {
  if (lines_.empty()) {
    text_.reserve(kUsualBytes);
    lines_.reserve(kUsualLines);
  }
  const auto here = static_cast<std::uint32_t>(text_.size());
  lines_.push_back({here, here});
}

void Headers::append_name(std::string_view piece) {
  const auto name = static_cast<std::ptrdiff_t>(text_.size());
  text_ += piece;
  std::transform(text_.begin() + name, text_.end(), text_.begin() + name,
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  lines_.back().value = static_cast<std::uint32_t>(text_.size());
}

void Headers::append_value(std::string_view piece) {
  text_ += piece;
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  const auto found =
      std::find_if(begin(), end(), [&](const value_type& line) { return line.first == name; });
  if (found == end()) return std::nullopt;
  return (*found).second;
}

}  // namespace sluice::http
