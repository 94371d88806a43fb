#include "schedule/learned_rate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr core::Duration kSecond = seconds(1);

constexpr double kLowered = 0.4;
// Measuring
constexpr double kMargin = 0.02;
constexpr std::uint64_t kFewestMeasured = 10;
constexpr core::Duration kFewestSpan = milliseconds(500);
constexpr std::uint64_t kMeasured = 25;
constexpr core::Duration kMeasuredSpan = milliseconds(50);
// Holding and growing
constexpr double kAgree = 0.2;
constexpr double kDense = 0.1;
constexpr double kFarBelow = 0.8;
constexpr double kStepBack = 0.95;
constexpr double kSeekStepBack = 0.85;
constexpr double kNews = 1.05;
constexpr core::Duration kGood = seconds(3);
constexpr core::Duration kFirstHold = seconds(5);
constexpr core::Duration kLongestHold = seconds(60);
constexpr core::Duration kIdle = seconds(1);
constexpr core::Duration kBlockedAfter = milliseconds(500);
constexpr core::Duration kFeel = seconds(1);
constexpr core::Duration kStep = milliseconds(250);
constexpr core::Duration kSeekStep = milliseconds(25);
constexpr core::Duration kDoubling = milliseconds(250);
constexpr core::Duration kFaster = seconds(5);
constexpr double kFirstGrowth = 0.01;  // a second
constexpr double kUnprobedGrowth = 0.04;
constexpr double kMostGrowth = 0.16;

}  // namespace

std::optional<double> LearnedRate::per_second() const {
  return bucket_ ? std::optional(bucket_->limit()) : std::nullopt;
}

core::Time LearnedRate::earliest(core::Time now) const {
  if (!bucket_) return now;
  const core::Time when = bucket_->earliest(now, 1);
  return blocked_ ? std::max(when, last_sent_ + kFeel) : when;
}

std::uint64_t LearnedRate::sent(core::Time now, core::Time cooled_until, bool last_slot) {
  if (first_sent_ == core::Time::min()) first_sent_ = second_ = now;
  if (now >= second_ + kSecond) {
    last_second_ = now < second_ + 2 * kSecond ? this_second_ : 0;
    this_second_ = 0;
    second_ += (now - second_) / kSecond * kSecond;
  }
  ++this_second_;
  if (bucket_) {
    if (now - last_sent_ > kIdle && cooled_until <= last_sent_ && !sent_while_blocked_)
      previous_.reset();
    sent_while_blocked_ = blocked_;
    // Nothing is saved up in a cool-down: what waited is not sent all at once.
    if (cooled_until > last_sent_) bucket_->reserve(now, std::max(0.0, bucket_->level(now) - 1));
    bucket_->reserve(now, 1);
    wanted_ = wanted_ || (bucket_->level(now) < 1 && !last_slot);
  }
  if (!bucket_) count_in_send_burst(now);
  if (last_slot) slots_full_at_ = now;
  last_sent_ = now;
  return ++sent_;
}

double LearnedRate::sending_rate(core::Time now) const {
  if (first_sent_ == core::Time::min() || now >= second_ + 2 * kSecond) return 0;
  if (now >= second_ + kSecond) return this_second_;
  const double part = core::in_seconds(now - second_);
  return this_second_ + last_second_ * (1 - part);
}

std::optional<double> LearnedRate::measure(const Mark& from, const Mark& to) {
  if (to.ordinal <= from.ordinal) return std::nullopt;
  const std::uint64_t sent = to.ordinal - from.ordinal;
  const std::uint64_t passed = sent > from.refused ? sent - from.refused : 0;
  const core::Duration span = to.sent_at - from.sent_at;
  const bool enough = (passed >= kMeasured && span >= kMeasuredSpan) ||
                      (passed >= kFewestMeasured && span >= kFewestSpan);
  if (!enough) return std::nullopt;
  const auto n = static_cast<double>(passed);
  return n / core::in_seconds(span) * (1 - std::max(kMargin, 1 / n));
}

std::optional<double> LearnedRate::measured(const Mark& end) const {
  const auto burst = burst_ ? measure(*burst_, end) : std::nullopt;
  const auto longer = previous_ ? measure(*previous_, end) : std::nullopt;
  if (!burst && !longer) return std::nullopt;
  return std::max(burst.value_or(0), longer.value_or(0)) / (1 - background_);
}

void LearnedRate::refused(core::Time now, core::Time sent_at, std::uint64_t ordinal) {
  const bool close = ordinal <= latest_refused_ + kFewestMeasured;
  const Mark end{sent_at, ordinal};
  note_refusal(now, end);
  refused_of_send_burst(sent_at);
  if (sent_at <= cut_at_) return refused_before_cut(now, end);
  ++refused_since_cut_;
  const bool first = excess_.refused(ordinal);
  if (first && !(phase_ == Phase::seeking && burst_ && close)) burst_ = end;
  blocked_ = blocked_ || (bucket_ && row_ >= kFlood &&
                          now - std::max(let_through_at_, engaged_at_) >= kBlockedAfter);
  if (is_excess()) judge(now, end);
}

void LearnedRate::note_refusal(core::Time now, const Mark& refused) {
  heard_ = std::max(heard_, refused.ordinal);
  ++seen_refused_;
  refusal_takes_ = std::max<core::Duration>(now - refused.sent_at, refusal_takes_ * 9 / 10);
  if (refused.ordinal > latest_refused_ + 1) {
    let_through_at_ = std::max(let_through_at_, refused.sent_at);
    row_ = 0;
  }
  longest_row_ = std::max(longest_row_, ++row_);
  latest_refused_ = std::max(latest_refused_, refused.ordinal);
  for (auto* mark : {&burst_, &previous_}) {
    if (*mark && refused.ordinal > (*mark)->ordinal) ++(*mark)->refused;
  }
}

// No reason for another cut, but while seeking it may complete the measurement.
void LearnedRate::refused_before_cut(core::Time now, const Mark& end) {
  const auto rate = phase_ == Phase::seeking ? measured(end) : std::nullopt;
  if (rate) adopt(now, end, *rate, {});
}

double LearnedRate::burst_of(double per_second) const {
  return even_ ? 1 : 1 + 0.002 * per_second;
}

void LearnedRate::adopt(core::Time now, const Mark& end, double rate, const Share& burst) {
  const Phase before = phase_;
  const std::optional<double> present = per_second();
  const double span = burst_ ? core::in_seconds(end.sent_at - burst_->sent_at) : 0;
  const double passing = span > 0 ? (burst.sent - burst.refused) / span : 0;
  rate = before == Phase::probing ? after_probe(rate) : after_measure(rate, burst);
  if (present)
    rate = std::min(rate, before == Phase::holding ? (1 - kMargin) * *present : *present);
  previous_ = end;
  cut(now, Phase::holding, rate);
  const bool doubtful = before == Phase::seeking && burst.refused > 0 && burst.value() < kDense;
  if (!even_ && (before == Phase::holding || before == Phase::free || doubtful))
    trial_ = Trial{.before = burst, .rate = present, .measured = rate, .passing = passing};
}

double LearnedRate::after_probe(double rate) {
  rate = std::max(held_, rate);
  hold_ = rate > kNews * held_ ? kFirstHold : std::min(2 * hold_, kLongestHold);
  probed_ = true;
  return rate;
}

double LearnedRate::after_measure(double rate, const Share& burst) {
  const std::optional<double> present = per_second();
  held_ = 0;
  const bool bound = slots_full_at_ < cut_at_;
  const bool agree = std::abs(rate / latest_measure_ - 1) < kAgree;
  met_ = met_ || (burst.value() >= kDense && bound && present) || agree;
  latest_measure_ = rate;
  hold_ = probed_ ? kFirstHold : kUnmetHold;
  if (!present) return rate;
  if (even_ && rate > kLowered * *present)
    return (burst.value() >= kDense ? kStepBack : 1 - kMargin) * *present;
  // A limiter without a burst lets less pass the more is sent: a step back may be enough.
  if (rate < kFarBelow * *present && !std::exchange(stepped_, true))
    return (phase_ == Phase::seeking ? kSeekStepBack : kStepBack) * *present;
  return rate;
}

void LearnedRate::halve(core::Time now, const Mark& end, const Share& burst) {
  if (!previous_) previous_ = end;
  const std::optional<double> present = per_second();
  if (!present) {
    // What passed in the last second.
    const double passed = sending_rate(now) - burst.refused;
    engaged_at_ = now;
    cut(now, Phase::seeking, std::max(1.0, passed));
  } else {
    cut(now, Phase::seeking, passed_since_cut_ ? 0.5 * *present : *present);
  }
}

void LearnedRate::passed(core::Time sent_at, std::uint64_t ordinal) {
  heard_ = std::max(heard_, ordinal);
  let_through_at_ = std::max(let_through_at_, sent_at);
  if (sent_at <= cut_at_) return;
  passed_since_cut_ = true;
  blocked_ = false;
  row_ = 0;
}

void LearnedRate::slow_down(core::Time now, core::Time sent_at) {
  if (sent_at <= cut_at_) return;
  held_ = 0;
  hold_ = kFirstHold;
  trial_.reset();
  cut(now, Phase::holding, 0.5 * per_second().value_or(sending_rate(now)));
}

// The server's bucket is empty: so is ours.
void LearnedRate::cut(core::Time now, Phase phase, double per_second) {
  const double rate = std::max(per_second, 1 / core::in_seconds(kSlowest));
  bucket_.emplace(rate, kSecond, burst_of(rate));
  bucket_->reserve(now, burst_of(rate));
  phase_ = phase;
  cut_at_ = held_since_ = grown_at_ = now;
  cut_ordinal_ = sent_;
  refused_since_cut_ = 0;
  passed_since_cut_ = false;
  wanted_ = false;
  longest_row_ = 0;
  excess_.reset();
}

void LearnedRate::set_rate(core::Time now, double rate) {
  bucket_->set_limit(now, rate, burst_of(rate));
}

void LearnedRate::tick(core::Time now) {
  weigh(now);
  switch (phase_) {
    case Phase::free:
      return;
    case Phase::holding:
      return keep_holding(now);
    case Phase::seeking:
      return grow(now, kSeekStep);
    case Phase::probing:
      return grow(now, kStep);
  }
}

void LearnedRate::keep_holding(core::Time now) {
  const core::Duration held = now - held_since_;
  if (held >= kGood && sending_rate(now) >= 0.9 * bucket_->limit()) held_ = bucket_->limit();
  if (held < hold_ || trial_) return;
  phase_ = met_ ? Phase::probing : Phase::seeking;
  if (hold_ >= kLongestHold) even_ = false;
  stepped_ = false;
  held_since_ = grown_at_ = now;
}

void LearnedRate::grow(core::Time now, core::Duration each) {
  if (now - grown_at_ < each) return;
  const double step = core::in_seconds(std::min<core::Duration>(now - grown_at_, kSecond));
  grown_at_ = now;
  if (!std::exchange(wanted_, false)) return;
  if (refused_since_cut_ > 0 && excess_.score(heard_) > 0) return;
  const double factor =
      phase_ == Phase::seeking
          ? std::exp2(step / core::in_seconds(std::max(kDoubling, 2 * refusal_takes_)))
          : 1 + growth(now - held_since_) * step;
  set_rate(now, factor * bucket_->limit());
}

// Of a probe that has lasted so long, in a second.
double LearnedRate::growth(core::Duration probing) const {
  double growth = probed_ ? kFirstGrowth : kUnprobedGrowth;
  for (core::Duration t = probing; t >= kFaster && growth < kMostGrowth; t -= kFaster) growth *= 2;
  return growth;
}

}  // namespace sluice::schedule
