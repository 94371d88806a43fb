// The quotas of one endpoint: a token bucket for each dimension that is known, from the pipeline
// file or, where that says nothing, from the server's own headers.
//
// Bursts. How much a server lets come at once is hardly ever told, so ours are small:
//   requests per minute   one, and what 50 ms bring: enough that a late wake-up loses nothing, and
//                         little enough for limiters that look at fractions of a second
//   tokens per minute     what one second brings (limit / 60): no request knows its tokens before
//                         it is answered, and servers count them in larger pieces
//   per day               all of it (burst = limit): spread over the day, a job of an hour would
//                         take one. A run goes on where the one before has left it
// So a minute never sees more than 1/60 above its quota.
//
// What counts:
//   requests  every request that reached the server, refused ones included
//   tokens    what the usage says; without usage, nothing where the server refused or was never
//             reached, the estimate where it ran or may have run
//   input     without the part read from the provider's cache: that is free of the input quota
//             (Anthropic; docs/providers.md, Rate limiters). It does count in tokens_per_minute.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "provider/endpoint.h"
#include "provider/outcome.h"
#include "schedule/estimate.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

// What a request of these tokens counts for in a quota.
double units_of(provider::Quota quota, const Tokens& tokens);
// What it has counted for, of `reserved` units, when this became of it (above, What counts).
double actual_units(provider::Quota quota, double reserved, const provider::Outcome& outcome);
// "tokens per minute"
std::string_view quota_name(provider::Quota quota);

// The units that one attempt has taken from each bucket.
struct Reservation {
  std::array<double, provider::kQuotas> units{};
  std::array<double, provider::kQuotas> mark{};  // TokenBucket::observe
  std::uint8_t held = 0;  // bit q: bucket q was there when the attempt was sent
};

// Why a request can never go: its tokens alone pass what a whole window allows.
struct Excess {
  provider::Quota quota;
  double limit = 0;
  double tokens = 0;
};

// No limit that a server names is larger, or smaller; in tokens, an empty request takes so many.
constexpr double kMostLimit = 1e15;
constexpr double kLeastRequests = 1;
constexpr double kLeastTokens = kFrameTokens;

// What is left after `age` of `used` units of a day's quota.
double still_used(double used, double per_day, core::Duration age);

class QuotaSet {
 public:
  explicit QuotaSet(const provider::Limits& limits, const DayUsed& day_used = {});

  // Whether any quota of a minute is known.
  bool any() const;
  std::optional<double> requests_per_second() const;

  std::optional<Excess> too_large(const Tokens& tokens) const;
  // The same by the pipeline file's limits alone, whatever the server said.
  std::optional<Excess> too_large_for_file(const Tokens& tokens) const;
  // The first moment at which no bucket stands in the way; `now` when none does already.
  core::Time earliest(core::Time now, const Tokens& tokens) const;
  // How many such requests a second it admits from now on, for so long; infinite where no quota is
  // known.
  double per_second(core::Time now, const Tokens& tokens, core::Duration lasting) const;
  // How many such requests fit now, fractions included; infinite where no quota is known.
  double room(core::Time now, const Tokens& tokens) const;

  Reservation reserve(core::Time now, const Tokens& tokens);
  void settle(core::Time now, const Reservation& held, const provider::Outcome& outcome);
  // What the server said with its answer to a request. Its limit is taken where the pipeline file
  // names none, and where it is below the file's: more than the server grants cannot be had. It is
  // followed from then on, but never above the file's. A limit that no request could keep to is
  // none: one that is out of all proportion, or less than a request has taken that passed.
  // `passed`: what this one took, when it was answered. Returns how many such limits there were.
  int correct(core::Time now, const Reservation& held, const provider::RateHints& hints,
              const std::optional<provider::Usage>& passed = {});

  // nullopt: no daily quota is known.
  std::optional<DayUsed> day_used(core::Time now) const;

  // The most used quota and its share, 0…1: of the rate for a minute's, of what may be spent for a
  // day's. nullopt where no quota is known.
  struct MostUsed {
    provider::Quota quota;
    double share = 0;
  };
  std::optional<MostUsed> used(core::Time now) const;

 private:
  std::array<std::optional<TokenBucket>, provider::kQuotas> buckets_;
  std::array<double, provider::kQuotas> cap_{};     // the file's limits; infinite = none named
  std::array<double, provider::kQuotas> passed_{};  // by the largest request that passed
};

}  // namespace sluice::schedule
