// Money is integer picodollars (10^-12 USD): a price of $0.75 per million tokens is exactly 750,000
// picodollars a token, so sums over billions of tokens stay exact. The range is ±9.2 million
// dollars; addition saturates at the ends instead of wrapping.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::core {

class Money {
 public:
  constexpr Money() = default;
  static constexpr Money picodollars(std::int64_t n) { return Money(n); }
  static constexpr Money max() { return Money(std::numeric_limits<std::int64_t>::max()); }

  // "$1500", "0.000214", "$1,500.25": a non-negative decimal number of dollars with at most 12
  // decimals; nullopt when it is anything else or out of range.
  static std::optional<Money> parse(std::string_view text);
  // Nearest picodollar; nullopt when negative, not finite or out of range.
  static std::optional<Money> from_dollars(double dollars);

  constexpr std::int64_t picodollars() const { return pico_; }
  double dollars() const { return static_cast<double>(pico_) * 1e-12; }
  // For people: "$0.00", "$0.0031", "$1,234.56": cents from one dollar up, else two significant
  // digits.
  std::string text() const;

  friend constexpr auto operator<=>(Money, Money) = default;
  constexpr Money& operator+=(Money o) {
    if (__builtin_add_overflow(pico_, o.pico_, &pico_)) {
      pico_ = o.pico_ > 0 ? std::numeric_limits<std::int64_t>::max()
                          : std::numeric_limits<std::int64_t>::min();
    }
    return *this;
  }
  friend constexpr Money operator+(Money a, Money b) { return a += b; }
  constexpr Money operator-() const { return Money(-pico_); }
  friend constexpr Money operator-(Money a, Money b) { return a += -b; }
  constexpr Money& operator-=(Money o) { return *this += -o; }
  // Saturating.
  friend constexpr Money operator*(Money a, std::uint64_t count) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(a.pico_, count, &product)) return a.pico_ < 0 ? -max() : max();
    return Money(product);
  }

 private:
  explicit constexpr Money(std::int64_t pico) : pico_(pico) {}
  std::int64_t pico_ = 0;
};

}  // namespace sluice::core
