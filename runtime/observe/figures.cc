#include "observe/figures.h"

#include <fmt/format.h>

#include <cmath>

namespace sluice::observe {

std::string count(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string rounded(double n) {
  constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  std::size_t unit = 0;
  while (n >= 999.5 && unit + 1 < std::size(kUnits)) {
    n /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 || n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", n, decimals, kUnits[unit]);
}

std::string percent(double share) {
  const double hundred = share * 100;
  if (hundred > 0 && hundred < 1) return "<1 %";
  if (hundred < 100 && hundred > 99) return "99 %";
  return fmt::format("{:.0f} %", hundred);
}

std::string duration(std::chrono::nanoseconds d) {
  using namespace std::chrono;
  const double s = duration_cast<std::chrono::duration<double>>(d).count();
  if (s < 9.95) return fmt::format("{:.1f} s", s);
  const auto whole = static_cast<std::uint64_t>(std::llround(s));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

}  // namespace sluice::observe
