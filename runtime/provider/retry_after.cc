#include "provider/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace sluice::provider {
namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};
// A name that begins another one stands after it.
constexpr std::array kUnits = {Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"µs", 1e3},  Unit{"ms", 1e6},
                               Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<core::Duration> wait_of(double nanoseconds) {
  if (!(nanoseconds >= 0) || nanoseconds > static_cast<double>(kLongestWait.count())) {
    return std::nullopt;
  }
  return core::Duration(std::llround(nanoseconds));
}

// Takes a non-negative decimal number off the front.
std::optional<double> take_number(std::string_view& text) {
  // from_chars would also take "inf", "nan" and a sign.
  if (text.empty() || !(text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, number);
  if (error != std::errc() || end != text.data() + count || text[0] == '-') return std::nullopt;
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<core::WallTime> instant_of(const Civil& c) {
  const std::chrono::year_month_day date{std::chrono::year(c.year),
                                         std::chrono::month(static_cast<unsigned>(c.month)),
                                         std::chrono::day(static_cast<unsigned>(c.day))};
  // 60 is a leap second. Years outside 1970…2200 would leave the range of WallTime.
  if (!date.ok() || c.year < 1970 || c.year > 2200 || c.hour > 23 || c.minute > 59 ||
      c.second > 60) {
    return std::nullopt;
  }
  return core::WallTime(std::chrono::sys_days(date)) + std::chrono::hours(c.hour) +
         std::chrono::minutes(c.minute) + std::chrono::seconds(c.second);
}

std::optional<core::Duration> until(core::WallTime instant, core::WallTime now) {
  if (instant <= now) return core::Duration::zero();
  if (instant - now > kLongestWait) return std::nullopt;
  return instant - now;
}

bool take_time(std::string_view& text, Civil& c) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return false;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return false;
  const auto second = take_digits(text, 2);
  if (!second) return false;
  c.hour = *hour;
  c.minute = *minute;
  c.second = *second;
  return true;
}

}  // namespace

std::optional<double> read_number(std::string_view text) {
  text = trimmed(text);
  const auto number = take_number(text);
  if (!number || !text.empty()) return std::nullopt;
  return number;
}

std::optional<core::Duration> read_count_of(std::string_view text, core::Duration unit) {
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  return wait_of(*number * static_cast<double>(unit.count()));
}

std::optional<core::Duration> read_go_duration(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  double nanoseconds = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& u) { return text.starts_with(u.name); });
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->name.size());
    nanoseconds += *number * unit->nanoseconds;
  }
  return wait_of(nanoseconds);
}

std::optional<core::WallTime> read_http_instant(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  text = trimmed(text);
  const std::size_t comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  text.remove_prefix(comma + 2);
  Civil c;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, " ")) return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(0, 3));
  if (month == kMonths.end()) return std::nullopt;
  text.remove_prefix(3);
  if (!take(text, " ")) return std::nullopt;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, " ")) return std::nullopt;
  c.year = *year;
  c.month = static_cast<int>(month - kMonths.begin()) + 1;
  c.day = *day;
  if (!take_time(text, c) || text != " GMT") return std::nullopt;
  return instant_of(c);
}

std::optional<core::Duration> read_http_date(std::string_view text, core::WallTime wall_now) {
  const auto instant = read_http_instant(text);
  if (!instant) return std::nullopt;
  return until(*instant, wall_now);
}

// RFC 3339 §5.6: "2025-08-21T12:40:59Z", "2025-08-21T14:40:59.25+02:00".
std::optional<core::WallTime> read_rfc3339_instant(std::string_view text) {
  text = trimmed(text);
  Civil c;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || text.empty() || (text[0] != 'T' && text[0] != 't' && text[0] != ' ')) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  c.year = *year;
  c.month = *month;
  c.day = *day;
  if (!take_time(text, c)) return std::nullopt;
  double fraction = 0;
  if (text.starts_with('.')) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    std::string_view decimals = text.substr(0, end);
    const auto number = take_number(decimals);
    if (!number || !decimals.empty()) return std::nullopt;
    fraction = *number;
    text.remove_prefix(end);
  }
  std::chrono::minutes offset{0};
  if (text != "Z" && text != "z") {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    if (!hours || !take(text, ":")) return std::nullopt;
    const auto minutes = take_digits(text, 2);
    if (!minutes || !text.empty()) return std::nullopt;
    offset = std::chrono::minutes(sign * (*hours * 60 + *minutes));
  }
  const auto instant = instant_of(c);
  if (!instant) return std::nullopt;
  return *instant - offset + core::Duration(std::llround(fraction * 1e9));
}

std::optional<core::Duration> read_rfc3339(std::string_view text, core::WallTime wall_now) {
  const auto instant = read_rfc3339_instant(text);
  if (!instant) return std::nullopt;
  return until(*instant, wall_now);
}

}  // namespace sluice::provider
