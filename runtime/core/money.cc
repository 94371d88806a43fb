#include "core/money.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace sluice::core {
namespace {

constexpr std::size_t kDecimals = 12;

std::string with_thousands(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

}  // namespace

std::optional<Money> Money::parse(std::string_view text) {
  if (text.starts_with('$')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string whole(text.substr(0, point));
  std::string decimals(point == text.npos ? std::string_view() : text.substr(point + 1));
  std::erase(whole, ',');
  if (whole.empty() && decimals.empty()) return std::nullopt;
  if (decimals.size() > kDecimals) return std::nullopt;
  decimals.resize(kDecimals, '0');

  const std::string digits = whole + decimals;  // the amount in picodollars
  std::int64_t pico = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pico);
  if (error != std::errc() || end != digits.data() + digits.size() || pico < 0) return std::nullopt;
  return Money(pico);
}

std::optional<Money> Money::from_dollars(double dollars) {
  if (!std::isfinite(dollars) || dollars < 0 || dollars > 9.2e6) return std::nullopt;
  return Money(std::llround(dollars * 1e12));
}

std::string Money::text() const {
  const std::string sign = pico_ < 0 ? "-" : "";
  const double value = std::fabs(dollars());
  if (pico_ == 0) return "$0.00";
  if (value >= 0.995) {
    const auto cents = static_cast<std::uint64_t>(std::llround(value * 100));
    return fmt::format("{}${}.{:02}", sign, with_thousands(cents / 100), cents % 100);
  }
  const int decimals = std::max(2, 1 - static_cast<int>(std::floor(std::log10(value))));
  return fmt::format("{}${:.{}f}", sign, value, decimals);
}

}  // namespace sluice::core
