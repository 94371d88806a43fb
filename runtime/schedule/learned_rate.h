// The request rate of an endpoint whose limit nobody has told us, learned from its refusals.
//
// Problem: a limiter refuses when its bucket is empty; how much it lets through is not told. And
// not every refusal is a limiter's: a shared capacity refuses a few requests whatever is sent. A
// limit is what refuses more when more is sent, and lets pass when less is.
//
// Mechanism: what passed between two refusals of a limiter is what its bucket refilled between
// them, whatever its kind, window and burst. So the rate is measured, not searched for. (AWS SDK's
// adaptive mode and Vector's ARC cut by a fixed share and climb again, and so swing around the
// limit for ever.) Whether there is a limiter at all is found by sending less: if as large a share
// is refused as before, there is none.
//
// Terms:
//   background  the share that is refused whatever is sent; 0 until a trial has shown otherwise.
//   excess      refusals that the background does not explain, by Page's test (rejections.h): four
//               close together, or more that are spread.
//   burst       from the refusal at which the excess began to the latest one.
//   measured    what passed from the first to the latest refusal of a burst, or since the burst
//               before, whichever is more, less 2 % (or one request, if that is more). Needs 25
//               requests that passed in 50 ms, or 10 in half a second. Where the slots held us back
//               (Concurrency), the bucket may have been full in between: then not less than the
//               share of the rate that passed.
//   met         the limit was met from below: a tenth of a burst was refused while nothing but this
//               rate held us back, or two measures in a row agree within a fifth.
//
// The control law (Phase):
//   free       No limit. An excess that can be measured sets the rate: holding, on trial. Where two
//              thirds of a burst are refused and too little passes to be measured, the rate is what
//              passed in the last second: seeking.
//   seeking    The rate doubles every 250 ms (or two round trips of a refusal). The first refusal
//              stops that; an excess sets the rate to what is measured: holding. Where too little
//              passes, ten refusals halve it.
//   holding    The rate stays, for a second where it has not been probed yet, then for 5 seconds,
//              after each probe that has met the limit twice as long, at most a minute; but again
//              for 5 where that probe taught a rate 5 % above the one held before. Then probing, or
//              seeking where the limit has not been met. An excess sets the rate to what is
//              measured, on trial.
//   probing    While requests wait for this rate and nothing else, it grows: 4 % a second until a
//              probe has met the limit, then 1 %; twice as fast each 5 seconds, at most 16 %. The
//              first refusal in excess ends it: 3 % less, but never below a rate that was held for
//              3 seconds without an excess.
//
//   from     to       when                                              in
//   free     holding  an excess that can be measured                    adopt()
//   free     seeking  most of a burst is refused, too little passes     halve()
//   seeking  holding  an excess that can be measured                    adopt()
//   seeking  seeking  ten refused, too little passes: half the rate     halve()
//   holding  probing  held long enough, and the limit has been met      keep_holding()
//   holding  seeking  held long enough, and it has not                  keep_holding()
//   holding  holding  an excess: the rate is what is measured           adopt()
//   probing  holding  the first refusal in excess                       adopt()
//   holding  free     on trial, and the refusals were the background    found_background()
//   any      holding  "slow down": half the rate                        slow_down()
//
//   The trial of a cut (stands_trial(), try_less(), weigh()):
//
//     none ──adopt()──► as_measured ──the excess is there again: try_less()──► less
//      ▲                     │                                                  │
//      └──relieved: weigh()──┴───────relieved, or a limit: weigh(), judge()─────┤
//      └─────────────────────────── no limit: found_background() ───────────────┘
//
// On trial:    When the excess is there again, at more than half of the burst's share, and without
//              long rows of refusals: 30 % less, until 12 are refused. If then fewer pass than
//              before the trial, that share is the background, and the cut is taken back; where as
//              many pass as before, there is a limit. The trial is over when fewer than a third of
//              the share are refused.
// A step back: A limiter without a burst lets less pass the more is sent, so that what is measured
//              far above its limit is too low: the first cut to less than 0.8 of the rate is one to
//              0.95 (seeking: 0.85).
// Even:        Where of 16 or more that were sent within 2 ms, after four others at most, three
//              quarters are refused, the limiter saves up nothing. Then exactly one request is sent
//              at a time, two refusals end a probe, an excess takes 2 % off (5 % where a tenth was
//              refused) and nothing stands trial. A minute's hold ends that.
// Blocked:     While nothing has passed for half a second, one request a second at most goes.
//
// Threads: one. Reads no clock.
//
// Invariants:
//   1. At most 1 request + what 2 ms bring (even: 1) are sent at once, also after a cool-down.
//   2. The rate is at least one request in kSlowest.
//   3. A refusal of a request that was sent before the latest cut is no reason for another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "schedule/rejections.h"
#include "schedule/token_bucket.h"

namespace sluice::schedule {

class LearnedRate {
 public:
  LearnedRate();

  static constexpr core::Duration kSlowest = std::chrono::minutes(5);

  // Requests a second; nullopt = free.
  std::optional<double> per_second() const;
  // The first moment at which this rate lets a request go; `now` when it does already.
  core::Time earliest(core::Time now) const;

  // A request is sent. Returns its ordinal, which refused() and passed() want back. `cooled_until`
  // is the end of the endpoint's latest cool-down: in a pause of any other cause the server's
  // bucket fills up without being used, so nothing can be measured across it.
  // `last_slot`: as many are in flight now as may be, so that it is not this rate that holds back.
  std::uint64_t sent(core::Time now, core::Time cooled_until, bool last_slot);
  // The attempt was refused, for the rate or for want of capacity.
  void refused(core::Time now, core::Time sent_at, std::uint64_t ordinal);
  // The attempt was let through, whatever became of it.
  void passed(core::Time sent_at, std::uint64_t ordinal);
  // "You grow too fast": half the rate.
  void slow_down(core::Time now, core::Time sent_at);
  // Grows the rate, where that is due. Called at each poll.
  void tick(core::Time now);

  // The sending time of the latest request that was not refused; the first request's while none
  // is known.
  core::Time let_through_at() const { return std::max(let_through_at_, first_sent_); }

 private:
  static constexpr std::uint64_t kFlood = 4;  // refused in a row
  static constexpr core::Duration kUnmetHold = std::chrono::seconds(1);

  enum class Phase : std::uint8_t { free, seeking, holding, probing };
  // A refusal at which the server's bucket was empty, and how many were refused since.
  struct Mark {
    core::Time sent_at;
    std::uint64_t ordinal = 0;
    std::uint64_t refused = 0;
  };
  // A share refused, by ordinals.
  struct Share {
    double refused = 0;
    double sent = 0;
    double value() const { return sent > 0 ? refused / sent : 0; }
  };
  enum class TrialStep : std::uint8_t { as_measured, less };
  // A cut on trial.
  struct Trial {
    Share before;                // the burst's
    std::optional<double> rate;  // before the cut; nullopt = free
    double measured = 0;
    double passing = 0;  // a second, in the burst
    TrialStep step = TrialStep::as_measured;
  };

  double sending_rate(core::Time now) const;
  static std::optional<double> measure(const Mark& from, const Mark& to);
  std::optional<double> measured(const Mark& end) const;

  void note_refusal(core::Time now, const Mark& refused);
  void refused_before_cut(core::Time now, const Mark& end);
  bool is_excess() const;
  double surer() const;
  static Share share_of(std::uint64_t refused, std::uint64_t from, const Mark& end);
  void judge(core::Time now, const Mark& end);

  bool stands_trial(core::Time now, const Mark& end);
  void try_less(core::Time now, const Mark& end, const Share& after);
  bool spread(const Share& share) const;
  void weigh(core::Time now);
  void found_background(core::Time now, const Share& after);
  void set_background(double share);

  void adopt(core::Time now, const Mark& end, double rate, const Share& burst);
  double after_probe(double rate);
  double after_measure(double rate, const Share& burst);
  void halve(core::Time now, const Mark& end, const Share& burst);
  void keep_holding(core::Time now);
  void grow(core::Time now, core::Duration each);
  double growth(core::Duration probing) const;
  void cut(core::Time now, Phase phase, double per_second);
  void set_rate(core::Time now, double rate);

  void count_in_send_burst(core::Time now);
  void refused_of_send_burst(core::Time sent_at);
  double burst_of(double per_second) const;

  std::optional<TokenBucket> bucket_;
  Phase phase_ = Phase::free;
  std::uint64_t sent_ = 0;
  std::uint64_t heard_ = 0;  // the highest ordinal that came back

  // The first that were sent together while free.
  struct SendBurst {
    core::Time at = core::Time::min();
    int sent = 0;
    int refused = 0;
  };
  SendBurst send_burst_;
  bool even_ = false;

  double background_ = 0;
  RejectionTest excess_;
  std::optional<Mark> burst_;     // its first refusal
  std::optional<Mark> previous_;  // the last refusal of the one before
  std::uint64_t latest_refused_ = 0;
  std::uint64_t refused_since_cut_ = 0;
  core::Time cut_at_ = core::Time::min();
  std::uint64_t cut_ordinal_ = 0;
  bool passed_since_cut_ = false;
  std::optional<Trial> trial_;

  core::Time let_through_at_ = core::Time::min();
  std::uint64_t row_ = 0;          // refused in a row
  std::uint64_t longest_row_ = 0;  // since the cut
  core::Time engaged_at_{};
  core::Duration refusal_takes_{};
  bool blocked_ = false;
  bool sent_while_blocked_ = false;  // the latest

  // Holding and Probing
  core::Time held_since_{};
  core::Duration hold_{};
  core::Time grown_at_{};
  bool probed_ = false;   // a Probe has met it
  bool met_ = false;      // the limit has been met from below
  bool stepped_ = false;  // since then, a step back has been tried
  double held_ = 0;       // a rate that was good for 3 seconds; 0 = none
  bool wanted_ = false;   // since the last step, a request waited for this rate
  core::Time slots_full_at_ = core::Time::min();
  double latest_measure_ = 1e-9;

  // The background fades where it is not seen any more.
  std::uint64_t seen_from_ = 0;
  std::uint64_t seen_refused_ = 0;

  // The rate at which we send: requests in this second and in the one before.
  core::Time second_ = core::Time::min();
  double this_second_ = 0;
  double last_second_ = 0;
  core::Time first_sent_ = core::Time::min();
  core::Time last_sent_ = core::Time::min();
};

}  // namespace sluice::schedule
