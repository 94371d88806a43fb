#include "fleet/words.h"

#include <charconv>
#include <cmath>

namespace sluice::fleet {
namespace {

constexpr std::int64_t kMostTime = 100'000'000'000'000;  // ms, some 3,000 years
constexpr std::string_view kEmpty = "~";
constexpr std::string_view kHex = "0123456789ABCDEF";

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._:/+").find(c) != std::string_view::npos;
}

template <class T>
void append(std::string& text, T value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text += ' ';
  text.append(digits, end);
}

}  // namespace

Writer& Writer::line(std::string_view kind) {
  if (!text_.empty()) text_ += '\n';
  text_ += kind;
  return *this;
}

Writer& Writer::name(std::string_view name) {
  text_ += ' ';
  if (name.empty()) text_ += kEmpty;
  for (const char c : name) {
    if (plain(c)) {
      text_ += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text_ += '%';
    text_ += kHex[byte >> 4];
    text_ += kHex[byte & 15];
  }
  return *this;
}

Writer& Writer::natural(std::uint64_t value) {
  append(text_, value);
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  append(text_, value);
  return *this;
}

Writer& Writer::number(double value) {
  append(text_, std::isfinite(value) && value > 0 ? value : 0.0);
  return *this;
}

Writer& Writer::optional(const std::optional<double>& value) {
  if (value) return number(*value);
  text_ += " -";
  return *this;
}

Words::Words(std::string_view text) : rest_(text) {
  next_line();
}

bool Words::next_line() {
  if (!line_.empty()) failed_ = true;
  const std::size_t end = rest_.find('\n');
  if (failed_ || end == std::string_view::npos) return false;
  line_ = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  if (line_.empty() || line_.back() == ' ') failed_ = true;
  return !failed_;
}

std::string_view Words::word() {
  const std::size_t end = line_.find(' ');
  const std::string_view word = line_.substr(0, end);
  line_.remove_prefix(end == std::string_view::npos ? line_.size() : end + 1);
  if (word.empty()) failed_ = true;
  return word;
}

std::string Words::name() {
  const std::string_view from = word();
  std::string name;
  if (from == kEmpty) return name;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (plain(from[i])) {
      name += from[i];
      continue;
    }
    const std::size_t high = i + 2 < from.size() ? kHex.find(from[i + 1]) : std::string_view::npos;
    const std::size_t low = i + 2 < from.size() ? kHex.find(from[i + 2]) : std::string_view::npos;
    if (from[i] != '%' || high == std::string_view::npos || low == std::string_view::npos ||
        plain(static_cast<char>(high * 16 + low))) {
      failed_ = true;
      return {};
    }
    name += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return name;
}

template <class T>
T Words::read(std::string_view from) {
  T value{};
  const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), value);
  // As it would be written: one text for one state.
  std::string again;
  append(again, value);
  if (error != std::errc() || end != from.data() + from.size() || again.substr(1) != from) {
    failed_ = true;
    return {};
  }
  return value;
}

std::uint64_t Words::natural() {
  return read<std::uint64_t>(word());
}
std::int64_t Words::integer() {
  return read<std::int64_t>(word());
}

std::int64_t Words::amount() {
  const std::int64_t value = integer();
  if (value < 0) failed_ = true;
  return value < 0 ? 0 : value;
}

double Words::number() {
  const double value = read<double>(word());
  if (std::isfinite(value) && !std::signbit(value)) return value;
  failed_ = true;
  return 0;
}

std::optional<double> Words::optional() {
  if (line_ != "-" && !line_.starts_with("- ")) return number();
  word();
  return std::nullopt;
}

Ms Words::time() {
  const std::int64_t value = integer();
  if (value >= -kMostTime && value <= kMostTime) return Ms(value);
  failed_ = true;
  return Ms(0);
}

bool Words::flag() {
  const std::uint64_t value = natural();
  if (value > 1) failed_ = true;
  return value == 1;
}

}  // namespace sluice::fleet
