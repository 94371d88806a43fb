#include "schedule/quota.h"

#include <algorithm>
#include <limits>

namespace sluice::schedule {
namespace {

using provider::kQuotas;
using provider::Quota;

constexpr std::array<Quota, kQuotas> kAll = {
    Quota::requests_per_minute,      Quota::tokens_per_minute, Quota::input_tokens_per_minute,
    Quota::output_tokens_per_minute, Quota::requests_per_day,  Quota::tokens_per_day};

constexpr core::Duration kDay = std::chrono::hours(24);

constexpr std::size_t index(Quota q) {
  return static_cast<std::size_t>(q);
}
constexpr std::uint8_t bit(Quota q) {
  return static_cast<std::uint8_t>(1U << index(q));
}

constexpr bool per_day(Quota q) {
  return q == Quota::requests_per_day || q == Quota::tokens_per_day;
}
constexpr bool counts_requests(Quota q) {
  return q == Quota::requests_per_minute || q == Quota::requests_per_day;
}

double burst_of(Quota q, double limit) {
  if (q == Quota::requests_per_minute) return 1 + 0.05 * limit / 60;
  return std::max(1.0, per_day(q) ? limit : limit / 60);
}

TokenBucket make_bucket(Quota q, double limit) {
  const core::Duration window = per_day(q) ? kDay : std::chrono::minutes(1);
  return TokenBucket(limit, window, burst_of(q, limit));
}

double units_of(Quota q, const provider::Usage& usage) {
  Tokens tokens{.input = static_cast<double>(usage.input),
                .output = static_cast<double>(usage.output)};
  if (q == Quota::input_tokens_per_minute)
    tokens.input -= static_cast<double>(std::min(usage.input, usage.cached_input));
  return units_of(q, tokens);
}

}  // namespace

double units_of(Quota q, const Tokens& tokens) {
  switch (q) {
    case Quota::requests_per_minute:
    case Quota::requests_per_day:
      return 1;
    case Quota::tokens_per_minute:
    case Quota::tokens_per_day:
      return tokens.total();
    case Quota::input_tokens_per_minute:
      return tokens.input;
    case Quota::output_tokens_per_minute:
      return tokens.output;
  }
  return 0;
}

double actual_units(Quota q, double reserved, const provider::Outcome& outcome) {
  const provider::Usage& usage = outcome.usage;
  const bool never_arrived = outcome.status == 0 && outcome.billing == provider::Billing::none;
  if (counts_requests(q))
    return never_arrived && outcome.action != provider::Action::none ? 0 : reserved;
  if (usage == provider::Usage{}) {
    const bool ran =
        outcome.billing == provider::Billing::possible || outcome.action == provider::Action::none;
    return ran ? reserved : 0;
  }
  return units_of(q, usage);
}

std::string_view quota_name(Quota quota) {
  switch (quota) {
    case Quota::requests_per_minute:
      return "requests per minute";
    case Quota::tokens_per_minute:
      return "tokens per minute";
    case Quota::input_tokens_per_minute:
      return "input tokens per minute";
    case Quota::output_tokens_per_minute:
      return "output tokens per minute";
    case Quota::requests_per_day:
      return "requests per day";
    case Quota::tokens_per_day:
      return "tokens per day";
  }
  return "";
}

double still_used(double used, double per_day, core::Duration age) {
  return std::max(0.0, used - per_day * std::max(0.0, std::chrono::duration<double>(age) / kDay));
}

QuotaSet::QuotaSet(const provider::Limits& limits, const DayUsed& day_used) {
  for (const Quota q : kAll) {
    const double limit = limits[q].value_or(0);
    cap_[index(q)] = limit > 0 ? limit : std::numeric_limits<double>::infinity();
    if (limit > 0) buckets_[index(q)] = make_bucket(q, limit);
  }
  const auto use = [&](Quota q, double used) {
    auto& bucket = buckets_[index(q)];
    if (bucket && used > 0) bucket->begin(day_used.at, bucket->burst() - used);
  };
  use(Quota::requests_per_day, day_used.requests);
  use(Quota::tokens_per_day, day_used.tokens);
}

std::optional<DayUsed> QuotaSet::day_used(core::Time now) const {
  const auto& requests = buckets_[index(Quota::requests_per_day)];
  const auto& tokens = buckets_[index(Quota::tokens_per_day)];
  if (!requests && !tokens) return std::nullopt;
  const auto used = [now](const std::optional<TokenBucket>& bucket) {
    return bucket ? bucket->burst() - bucket->level(now) : 0;
  };
  return DayUsed{used(requests), used(tokens), now};
}

bool QuotaSet::any() const {
  return std::ranges::any_of(kAll, [this](Quota q) { return !per_day(q) && buckets_[index(q)]; });
}

std::optional<double> QuotaSet::requests_per_second() const {
  const auto& bucket = buckets_[index(Quota::requests_per_minute)];
  return bucket ? std::optional(bucket->limit() / 60) : std::nullopt;
}

std::optional<Excess> QuotaSet::too_large(const Tokens& tokens) const {
  for (const Quota q : kAll) {
    const auto& bucket = buckets_[index(q)];
    if (!bucket || counts_requests(q)) continue;
    const double units = units_of(q, tokens);
    if (units > bucket->limit()) return Excess{q, bucket->limit(), units};
  }
  return std::nullopt;
}

std::optional<Excess> QuotaSet::too_large_for_file(const Tokens& tokens) const {
  for (const Quota q : kAll) {
    const double units = units_of(q, tokens);
    if (!counts_requests(q) && units > cap_[index(q)]) return Excess{q, cap_[index(q)], units};
  }
  return std::nullopt;
}

core::Time QuotaSet::earliest(core::Time now, const Tokens& tokens) const {
  core::Time when = now;
  for (const Quota q : kAll) {
    const auto& bucket = buckets_[index(q)];
    if (bucket) when = std::max(when, bucket->earliest(now, units_of(q, tokens)));
  }
  return when;
}

double QuotaSet::room(core::Time now, const Tokens& tokens) const {
  double room = std::numeric_limits<double>::infinity();
  for (const Quota q : kAll) {
    const auto& bucket = buckets_[index(q)];
    const double units = units_of(q, tokens);
    if (bucket && units > 0) room = std::min(room, bucket->level(now) / units);
  }
  return room;
}

double QuotaSet::per_second(core::Time now, const Tokens& tokens, core::Duration lasting) const {
  const double seconds = std::max(1.0, core::in_seconds(lasting));
  double least = std::numeric_limits<double>::infinity();
  for (const Quota q : kAll) {
    const auto& bucket = buckets_[index(q)];
    const double units = units_of(q, tokens);
    if (!bucket || units <= 0) continue;
    const double window = core::in_seconds(per_day(q) ? kDay : std::chrono::minutes(1));
    const double saved = per_day(q) ? std::max(0.0, bucket->level(now)) / seconds : 0;
    least = std::min(least, (bucket->limit() / window + saved) / units);
  }
  return least;
}

Reservation QuotaSet::reserve(core::Time now, const Tokens& tokens) {
  Reservation held;
  for (const Quota q : kAll) {
    auto& bucket = buckets_[index(q)];
    if (!bucket) continue;
    held.units[index(q)] = units_of(q, tokens);
    held.mark[index(q)] = bucket->reserve(now, held.units[index(q)]);
    held.held |= bit(q);
  }
  return held;
}

void QuotaSet::settle(core::Time now, const Reservation& held, const provider::Outcome& outcome) {
  for (const Quota q : kAll) {
    if (!(held.held & bit(q))) continue;
    const double reserved = held.units[index(q)];
    buckets_[index(q)]->settle(now, reserved, actual_units(q, reserved, outcome));
  }
}

int QuotaSet::correct(core::Time now, const Reservation& held, const provider::RateHints& hints,
                      const std::optional<provider::Usage>& passed) {
  int odd = 0;
  for (const Quota q : kAll) {
    const provider::QuotaHint& hint = hints.quota[index(q)];
    auto& bucket = buckets_[index(q)];
    if (passed) passed_[index(q)] = std::max(passed_[index(q)], units_of(q, *passed));
    if (hint.limit && *hint.limit > 0) {  // else it stands for "unknown"
      const double fewest =
          std::max(counts_requests(q) ? kLeastRequests : kLeastTokens, passed_[index(q)]);
      if (!(*hint.limit >= fewest && *hint.limit <= kMostLimit)) {
        ++odd;
        continue;  // what remains of such a limit is no better
      }
      const double limit = std::min(*hint.limit, cap_[index(q)]);
      if (!bucket) {
        bucket = make_bucket(q, limit);
        // No attempt in flight has taken from this bucket; the figure is the best start there is.
        if (hint.remaining) bucket->observe(now, bucket->reserve(now, 0), *hint.remaining);
      } else if (limit != bucket->limit()) {
        bucket->set_limit(now, limit, burst_of(q, limit));
      }
    }
    if (bucket && hint.remaining && (held.held & bit(q)))
      bucket->observe(now, held.mark[index(q)], *hint.remaining);
  }
  return odd;
}

std::optional<QuotaSet::MostUsed> QuotaSet::used(core::Time now) const {
  std::optional<MostUsed> most;
  for (const Quota q : kAll) {
    const auto& bucket = buckets_[index(q)];
    if (!bucket) continue;
    const double share = per_day(q) ? std::clamp(1 - bucket->level(now) / bucket->burst(), 0.0, 1.0)
                                    : bucket->rate_used(now);
    if (!most || share > most->share) most = MostUsed{q, share};
  }
  return most;
}

}  // namespace sluice::schedule
