// The request rate of an endpoint whose limit nobody has told us, learned from its refusals (429).
//
// The idea: a limiter refuses when its bucket is empty. So what it let through between two
// refusals is what it refilled between them, whatever its kind, its window and its burst: the rate
// is measured, not felt for. (AWS SDK's adaptive mode and Vector's ARC cut by a fixed share and
// climb again, and so swing around the limit for ever.)
//
// The control law:
//   Free       No refusal yet: no limit.
//   Refused    Refusals of requests that were sent before we knew of the first one are one volley.
//              A volley sets the rate to
//                - the measured rate, less 2 % (or less half a request, if that is more), once at
//                  least 10 requests in at least 250 ms have passed between two volleys;
//                - else, after the first volley, to 0.7 × the rate at which we sent;
//                - else to 0.95 × the present rate, if anything has passed since the last volley:
//                  an endpoint that lets nothing through teaches nothing (the cool-down waits).
//              When it met a Probe, not below a rate that was held for 3 seconds without a refusal
//              (there the server's bucket was full again, so the measure is too low), nor below
//              0.95 × the rate at which we have just sent (the limit may have been raised; if it
//              was not, the next volley comes soon, and what passed between the two is the limit).
//   Shut       While nothing has passed for half a second, one request a second at most goes.
//   Held       The rate stays for 5 seconds, after each volley that a Probe met twice as long, at
//              most a minute; but again for 5 where that volley taught a rate 5 % above the one
//              held before. A volley in that time forgets what was held before.
//   Blind      From the first volley until something is measured, or a Probe has met the limit,
//   cuts
//              are by half, and the rate is held for a second only and grows by 25 % a second.
//   Probing    While requests wait for this rate and nothing else, it grows by 1 % a second, each
//              5 seconds twice as fast, at most 16 % a second, until the next volley.
//
// Threads: one. Reads no clock.
//
// Invariants:
//   1. A burst is at most 1 request + what 50 ms bring.
//   2. The rate is at least one request in kSlowest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

class LearnedRate {
 public:
  static constexpr core::Duration kSlowest = std::chrono::minutes(5);

  // Requests a second; nullopt = free.
  std::optional<double> per_second() const;
  // The first moment at which this rate lets a request go; `now` when it does already.
  core::Time earliest(core::Time now) const;

  // A request is sent. Returns its ordinal, which refused() wants back. `cooled_until` is the end
  // of the endpoint's latest cool-down: in a pause of any other cause the server's bucket fills up
  // without being used, so nothing can be measured across it.
  std::uint64_t sent(core::Time now, core::Time cooled_until);
  // The attempt was refused for its rate. `known` is the endpoint's requests a second as told by
  // file or headers: a refusal in spite of them is mostly a burst that came together on the way,
  // and costs 5 % at first.
  void refused(core::Time now, core::Time sent_at, std::uint64_t ordinal,
               std::optional<double> known);
  // The attempt was let through, whatever became of it.
  void passed(core::Time sent_at) {
    passed_at_ = std::max(passed_at_, sent_at);
    if (sent_at <= volley_at_) return;
    passed_ = true;
    shut_ = false;
  }
  // "You grow too fast": half the rate.
  void slow_down(core::Time now, core::Time sent_at);
  // Grows the rate, where that is due. Called at each poll.
  void tick(core::Time now);

 private:
  struct Mark {  // a refusal that ends one measure and begins the next
    core::Time sent_at;
    std::uint64_t ordinal = 0;
  };

  double sending_rate(core::Time now) const;
  std::optional<double> measure(const Mark& end) const;
  void set(core::Time now, double per_second);

  std::optional<TokenBucket> bucket_;
  std::uint64_t sent_ = 0;
  std::optional<Mark> mark_;
  std::uint64_t refused_ = 0;  // since mark_, its own refusal included
  core::Time volley_at_ = core::Time::min();
  bool passed_ = false;  // something sent after volley_at_ has been let through
  core::Time engaged_at_{};
  core::Time passed_at_ = core::Time::min();
  bool shut_ = false;
  bool sent_while_shut_ = false;  // the latest
  // Held and Probing
  core::Time held_since_{};
  core::Duration hold_{};
  core::Time grown_at_{};
  bool blind_ = false;
  double held_ = 0;      // a rate that was good for 3 seconds; 0 = none
  bool wanted_ = false;  // since the last step, a request waited for this rate
  // The rate at which we send: requests in this second and in the one before.
  core::Time second_ = core::Time::min();
  double this_second_ = 0;
  double last_second_ = 0;
  core::Time first_sent_ = core::Time::min();
  core::Time last_sent_ = core::Time::min();
};

}  // namespace sluice::schedule
