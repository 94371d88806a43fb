// A value that must never be shown: an API key. It prints as "***" wherever it is formatted; the
// only way to the bytes is reveal(), which is called where the Authorization header is built and
// nowhere else.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::core {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

// What keeps a value from being sent in a header, in words that do not show it; nullopt when
// nothing does. A line break would end the header, and begin another.
inline std::optional<std::string_view> wrong_with_secret(std::string_view value) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (value.find_first_not_of(kBlanks) == value.npos) return "holds nothing but blanks";
  if (value.back() == '\n' || value.back() == '\r') return "ends with a line break";
  if (kBlanks.find(value.front()) != value.npos || kBlanks.find(value.back()) != value.npos)
    return "begins or ends with a blank";
  if (value.find_first_of("\r\n") != value.npos) return "holds a line break";
  for (const char c : value)
    if (is_control(c)) return "holds a control character";
  return std::nullopt;
}

// The same of an environment variable. A JSON text, as a credential file holds, may have lines: it
// never becomes a header as it is.
inline std::optional<std::string_view> wrong_with_variable(std::string_view value) {
  return value.starts_with('{') ? std::nullopt : wrong_with_secret(value);
}

}  // namespace sluice::core

template <>
struct fmt::formatter<sluice::core::Secret> : fmt::formatter<std::string_view> {
  auto format(const sluice::core::Secret&, fmt::format_context& ctx) const {
    return fmt::formatter<std::string_view>::format("***", ctx);
  }
};
