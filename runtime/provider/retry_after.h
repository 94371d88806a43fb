// How servers write down waits and instants (docs/providers.md, Waits). Plain functions, any thread.
//
// Each reads the whole text or nothing: nullopt for anything else, for negative values, and for
// waits of more than kLongestWait, which are units misunderstood.
#pragma once

#include <optional>
#include <string_view>

#include "core/clock.h"

namespace sluice::provider {

constexpr core::Duration kLongestWait = std::chrono::hours(24 * 40);  // monthly quotas reset too

// A non-negative decimal number: "7", "0.05", "33011.382867".
std::optional<double> read_number(std::string_view text);

// "7" as so many of `unit`.
std::optional<core::Duration> read_count_of(std::string_view text, core::Duration unit);

// As Go prints durations: "6m0s", "2m59.56s", "825ms", "1h2m". Needs a unit.
std::optional<core::Duration> read_go_duration(std::string_view text);

// IMF-fixdate, RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<core::WallTime> read_http_instant(std::string_view text);

// RFC 3339 §5.6: "2025-08-21T12:40:59Z", "2025-08-21T14:40:59.25+02:00".
std::optional<core::WallTime> read_rfc3339_instant(std::string_view text);

// An instant, as the time from `wall_now` to it; zero when it is past.
std::optional<core::Duration> read_http_date(std::string_view text, core::WallTime wall_now);
std::optional<core::Duration> read_rfc3339(std::string_view text, core::WallTime wall_now);

}  // namespace sluice::provider
