// A value that must never be shown: an API key. It prints as "***" wherever it is formatted; the
// only way to the bytes is reveal(), which is called where the Authorization header is built and
// nowhere else.
#pragma once

#include <fmt/format.h>

#include <string>
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

}  // namespace sluice::core

template <>
struct fmt::formatter<sluice::core::Secret> : fmt::formatter<std::string_view> {
  auto format(const sluice::core::Secret&, fmt::format_context& ctx) const {
    return fmt::formatter<std::string_view>::format("***", ctx);
  }
};
