// What this process may use of an endpoint's quotas, where others use the same key: a share of each, for a while. Who gets
// how much is decided outside (fleet/pool.h); here it is only kept to. The endpoint's own QuotaSet goes on beside it, with the
// whole limits, as if there were nobody else.
//
//   share    units a second; a bucket at that rate, which saves up no more than a second and is empty at first
//   permit   for one request that the share would bring too late: so many units, once
//   slots    requests in flight
//
// Threads: one.
//
// Invariants:
//   1. Nothing is sent from the lease's end on, nor of a quota without a share or a permit.
//   2. Between two grants at most a second's worth of the share, and time times the share, leave its bucket; a permit lets
//      one request go.
//   3. A request larger than a second's worth waits for a full bucket and leaves debt, which time pays.
#pragma once

#include <array>
#include <limits>
#include <optional>

#include "core/clock.h"
#include "provider/endpoint.h"
#include "provider/outcome.h"
#include "schedule/estimate.h"
#include "schedule/quota.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

// One grant; none of a quota that nobody shares.
struct Share {
  std::array<std::optional<double>, provider::kQuotas> per_second{};
  std::array<double, provider::kQuotas> permit{};
  std::optional<int> slots{};
  core::Time until{};
};

// Of an endpoint whose quotas are shared.
struct Demanded {
  std::array<double, provider::kQuotas> used{};  // units so far
  std::array<std::uint64_t, provider::kQuotas> permits_used{};
  int in_flight = 0;
  bool waiting = false;          // requests wait, perhaps for another endpoint
  std::optional<Tokens> next{};  // of the one that is next, as far as is known
};

class Shares {
 public:
  // A request that the share brings no sooner waits for a permit. As long as the pool's (fleet/pool.h).
  static constexpr double kPatience = 2;  // seconds

  void grant(core::Time now, const Share& share);
  bool any() const { return shared_; }

  // The first moment at which they let such a request go; core::Time::max() where only another grant can.
  core::Time earliest(core::Time now, const Tokens& tokens) const;
  int slots() const { return slots_; }
  // How many such requests a second they let go; infinite where nothing is shared.
  double per_second(core::Time now, const Tokens& tokens) const;

  // The units that a request takes; permits that it goes by are used up.
  void reserve(core::Time now, const Tokens& tokens);
  // Of a request that was reserved so, while a quota was shared.
  void settle(core::Time now, const Tokens& reserved, const provider::Outcome& outcome);

  // Units that were used so far, by quota; what is in flight at its estimate.
  const std::array<double, provider::kQuotas>& used() const { return used_; }
  // Permits that were used, by quota, so far.
  const std::array<std::uint64_t, provider::kQuotas>& permits_used() const { return permits_used_; }

 private:
  bool by_permit(std::size_t quota, double units) const;

  bool shared_ = false;
  core::Time until_ = core::Time::max();
  int slots_ = std::numeric_limits<int>::max();
  std::array<bool, provider::kQuotas> of_{};                           // which are shared
  std::array<std::optional<TokenBucket>, provider::kQuotas> buckets_;  // none: a share of nothing
  std::array<double, provider::kQuotas> permit_{};
  std::array<double, provider::kQuotas> used_{};
  std::array<std::uint64_t, provider::kQuotas> permits_used_{};
};

}  // namespace sluice::schedule
