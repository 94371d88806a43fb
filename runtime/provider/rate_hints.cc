#include "provider/rate_hints.h"

#include <algorithm>
#include <array>
#include <span>

#include "provider/retry_after.h"

namespace sluice::provider {
namespace {

using Part = RateHeader::Part;

constexpr std::array kTokenQuotas = {Quota::tokens_per_minute, Quota::input_tokens_per_minute,
                                     Quota::output_tokens_per_minute, Quota::tokens_per_day};

std::optional<core::Duration> read_reset(std::string_view text, core::WallTime wall_now) {
  if (auto instant = read_rfc3339(text, wall_now)) return instant;
  auto wait = read_count_of(text, std::chrono::seconds(1));
  if (!wait) wait = read_go_duration(text);
  if (wait && *wait == core::Duration::zero()) return std::nullopt;
  return wait;
}

void apply(const RateHeader& rule, std::string_view text, core::WallTime wall_now,
           std::array<QuotaHint, kQuotas>& quota) {
  QuotaHint& hint = quota[static_cast<std::size_t>(rule.quota)];
  switch (rule.part) {
    case Part::limit:
      if (const auto n = read_number(text); n && *n > 0) hint.limit = *n * rule.scale;
      return;
    case Part::remaining:
      if (const auto n = read_number(text)) hint.remaining = *n * rule.scale;
      return;
    case Part::reset:
      hint.reset_after = read_reset(text, wall_now);
      return;
  }
}

using Quotas = std::array<QuotaHint, kQuotas>;

// By the role of the headers, as RateHeader::Role numbers them.
std::array<Quotas, 3> read_quotas(std::span<const RateHeader> rules,
                                  const std::vector<HeaderView>& headers, core::WallTime wall_now) {
  std::array<Quotas, 3> quotas;
  for (const auto& [name, value] : headers) {
    for (const RateHeader& rule : rules)
      if (rule.name == name)
        apply(rule, value, wall_now, quotas[static_cast<std::size_t>(rule.role)]);
  }
  return quotas;
}

bool empty(const QuotaHint& hint) {
  return !hint.limit && !hint.remaining && !hint.reset_after;
}

// Which of two limits on the same quota is felt first.
bool tighter(const QuotaHint& a, const QuotaHint& b) {
  if (a.remaining && b.remaining) return *a.remaining < *b.remaining;
  return !empty(a) && empty(b);
}

std::optional<core::Duration> read_retry_after(std::string_view wait_header, int status,
                                               const std::vector<HeaderView>& headers,
                                               core::WallTime wall_now) {
  // The one in milliseconds is the finer one and wins, wherever it stands.
  std::optional<core::Duration> milliseconds;
  std::optional<core::Duration> seconds;
  for (const auto& [name, value] : headers) {
    if (name == "retry-after-ms" || name == "x-ms-retry-after-ms") {
      if (auto wait = read_count_of(value, std::chrono::milliseconds(1))) milliseconds = wait;
    } else if (name == "retry-after") {
      seconds = read_count_of(value, std::chrono::seconds(1));
      if (!seconds) seconds = read_go_duration(value);
      if (!seconds) seconds = read_http_date(value, wall_now);
      if (!seconds) seconds = read_rfc3339(value, wall_now);
    } else if (status == 429 && !wait_header.empty() && name == wait_header && !seconds) {
      seconds = read_count_of(value, std::chrono::seconds(1));
    }
  }
  return milliseconds ? milliseconds : seconds;
}

}  // namespace

RateHints read_rate_hints(const Profile& profile, int status,
                          const std::vector<HeaderView>& headers, core::WallTime wall_now) {
  RateHints hints;
  hints.retry_after = read_retry_after(profile.wait_header, status, headers, wall_now);
  const auto [usual, narrower, fallback] = read_quotas(profile.rate_headers, headers, wall_now);
  hints.quota = usual;
  const bool tokens_reported = std::ranges::any_of(
      kTokenQuotas, [&](Quota q) { return !empty(usual[static_cast<std::size_t>(q)]); });
  for (std::size_t q = 0; q < kQuotas; ++q) {
    if (tighter(narrower[q], usual[q])) hints.quota[q] = narrower[q];
    if (!tokens_reported && !empty(fallback[q])) hints.quota[q] = fallback[q];
  }
  return hints;
}

}  // namespace sluice::provider
