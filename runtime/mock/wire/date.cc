#include "wire/date.h"

#include <fmt/chrono.h>

#include <chrono>
#include <cstdio>

namespace sluice::wire {
namespace {

std::tm utc(core::WallTime at) {
  return fmt::gmtime(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

}  // namespace

std::string rfc3339(core::WallTime at) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(at));
}

bool is_date(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != '-') return false;
  }
  return true;
}

std::string basic_date(core::WallTime at) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", utc(at));
}

std::optional<core::WallTime> read_basic_date(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  constexpr std::size_t kLength = 16;
  if (text.size() != kLength || text.back() != 'Z' ||
      std::sscanf(std::string(text).c_str(), "%4d%2u%2uT%2u%2u%2uZ", &year, &month, &day, &hour,
                  &minute, &second) != 6)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return core::WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) +
                        std::chrono::minutes(minute) + std::chrono::seconds(second));
}

}  // namespace sluice::wire
