#include "inspect/report_words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/money.h"
#include "observe/figures.h"

namespace sluice::inspect {
namespace {

constexpr double kLastSecond = 253'402'300'799;  // of the year 9999
constexpr double kMostSeconds = 9e9;             // of nanoseconds in 64 bits
constexpr double kMostCount = 9e18;

}  // namespace

std::string utc_text(double seconds) {
  if (!(seconds > 0) || seconds > kLastSecond) return {};
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(static_cast<std::time_t>(std::floor(seconds))));
}

std::string dollars_text(double dollars) {
  const auto money = core::Money::from_dollars(dollars);
  return money ? money->text() : fmt::format("${:.4g}", dollars);
}

std::string seconds_text(double seconds) {
  return observe::duration(std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, 0.0, kMostSeconds))));
}

std::string count_text(double count) {
  return observe::count(
      static_cast<std::uint64_t>(std::llround(std::clamp(count, 0.0, kMostCount))));
}

std::string counted(double count, const std::string& of) {
  return fmt::format("{} {}{}", count_text(count), of, std::llround(count) == 1 ? "" : "s");
}

}  // namespace sluice::inspect
