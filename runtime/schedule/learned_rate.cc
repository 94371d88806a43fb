#include "schedule/learned_rate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr core::Duration kSecond = seconds(1);

// Excess
constexpr double kLeastBackground = 0.001;
constexpr double kMostBackground = 0.5;
constexpr double kExcess = 8;           // of Page's score: four refusals close together
constexpr double kExcessProbing = 2.9;  // one, where there is no background
constexpr double kSurer = 6;            // more of it where there is one: chance makes bursts too
constexpr std::uint64_t kFlood = 4;
constexpr std::uint64_t kHalveAfter = 10;
// Measuring
constexpr double kMargin = 0.02;
constexpr std::uint64_t kFewestMeasured = 10;
constexpr core::Duration kFewestSpan = milliseconds(500);
constexpr std::uint64_t kMeasured = 25;
constexpr core::Duration kMeasuredSpan = milliseconds(50);
// Trial
constexpr double kRelieved = 0.5;
constexpr double kDeep = 0.7;
constexpr double kFewer = 0.85;
constexpr double kTrialRefusals = 8;
constexpr double kEnoughRefusals = 12;
constexpr double kClearlyRelieved = 0.3;
// Holding and growing
constexpr double kAgree = 0.2;
constexpr double kDense = 0.1;
constexpr double kFarBelow = 0.8;
constexpr double kStepBack = 0.95;
constexpr double kSeekStepBack = 0.85;
constexpr double kMet = 0.97;
constexpr double kNews = 1.05;
constexpr core::Duration kGood = seconds(3);
constexpr core::Duration kFirstHold = seconds(5);
constexpr core::Duration kUnmetHold = seconds(1);
constexpr core::Duration kLongestHold = seconds(60);
constexpr core::Duration kIdle = seconds(1);
constexpr core::Duration kShutAfter = milliseconds(500);
constexpr core::Duration kFeel = seconds(1);
constexpr core::Duration kStep = milliseconds(250);
constexpr core::Duration kSeekStep = milliseconds(25);
constexpr core::Duration kDoubling = milliseconds(250);
constexpr core::Duration kFaster = seconds(5);
constexpr double kFirstGrowth = 0.01;  // a second
constexpr double kUnprobedGrowth = 0.04;
constexpr double kMostGrowth = 0.16;

double burst_of(double per_second) {
  return 1 + 0.002 * per_second;
}

RejectionTest test_for(double background) {
  const double usual = std::max(background, kLeastBackground);
  return {usual, 2 * usual + 0.02};
}

}  // namespace

LearnedRate::LearnedRate() : excess_(test_for(0)) {}

std::optional<double> LearnedRate::per_second() const {
  return bucket_ ? std::optional(bucket_->limit()) : std::nullopt;
}

core::Time LearnedRate::earliest(core::Time now) const {
  if (!bucket_) return now;
  const core::Time when = bucket_->earliest(now, 1);
  return shut_ ? std::max(when, last_sent_ + kFeel) : when;
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
    if (now - last_sent_ > kIdle && cooled_until <= last_sent_ && !sent_while_shut_)
      previous_.reset();
    sent_while_shut_ = shut_;
    // Nothing is saved up in a cool-down: what waited is not sent all at once.
    if (cooled_until > last_sent_) bucket_->reserve(now, std::max(0.0, bucket_->level(now) - 1));
    bucket_->reserve(now, 1);
    wanted_ = wanted_ || (bucket_->level(now) < 1 && !last_slot);
  }
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
  heard_ = std::max(heard_, ordinal);
  ++seen_refused_;
  refusal_takes_ = std::max<core::Duration>(now - sent_at, refusal_takes_ * 9 / 10);
  const bool close = ordinal <= latest_refused_ + kFewestMeasured;
  if (ordinal > latest_refused_ + 1) {
    let_through_at_ = std::max(let_through_at_, sent_at);
    row_ = 0;
  }
  longest_row_ = std::max(longest_row_, ++row_);
  latest_refused_ = std::max(latest_refused_, ordinal);
  for (auto* mark : {&burst_, &previous_}) {
    if (*mark && ordinal > (*mark)->ordinal) ++(*mark)->refused;
  }
  const Mark end{sent_at, ordinal};
  const bool tail = sent_at <= cut_at_;
  if (tail) {
    const auto rate = phase_ == Phase::seeking ? measured(end) : std::nullopt;
    if (rate) adopt(now, end, *rate, {});
    return;
  }
  ++refused_since_cut_;
  if (excess_.refused(ordinal) && !(phase_ == Phase::seeking && burst_ && close)) burst_ = end;
  shut_ = shut_ ||
          (bucket_ && row_ >= kFlood && now - std::max(let_through_at_, engaged_at_) >= kShutAfter);
  judge(now, end);
}

void LearnedRate::judge(core::Time now, const Mark& end) {
  const double score = excess_.score();
  const double surer = background_ > 0 ? kSurer : 0;
  const double excess = kExcess + surer;
  if (score < (phase_ == Phase::probing ? kExcessProbing + surer : excess)) return;
  const Share burst{static_cast<double>(burst_->refused),
                    static_cast<double>(end.ordinal - std::min(end.ordinal, burst_->ordinal))};
  if (trial_ && score >= excess) {
    const Share after{static_cast<double>(refused_since_cut_),
                      static_cast<double>(end.ordinal - std::min(end.ordinal, cut_ordinal_))};
    if (after.value() >= kRelieved * trial_->before.value() && spread(after)) {
      const double span = core::in_seconds(end.sent_at - cut_at_);
      if (trial_->deep && after.refused < kEnoughRefusals) return;
      // A limit lets as many pass as before; without one fewer pass where fewer are sent.
      const double passing = (after.sent - after.refused) / std::max(span, 1e-3);
      if (trial_->deep && passing < kFewer * trial_->passing) return found_background(now, after);
      if (!trial_->deep) {
        trial_->deep = true;
        trial_->measured = std::min({trial_->measured, measured(end).value_or(trial_->measured),
                                     bucket_->limit() * (1 - after.value())});
        return cut(now, Phase::holding, kDeep * bucket_->limit());
      }
    }
    trial_.reset();
  }
  if (phase_ == Phase::probing) return adopt(now, end, kMet * bucket_->limit(), burst);
  if (auto rate = measured(end)) {
    // Where the slots held us back and not this rate, the bucket may have been full in between.
    if (bucket_ && slots_full_at_ >= cut_at_ && phase_ != Phase::free)
      rate = std::max(*rate, bucket_->limit() * (1 - burst.value()));
    return adopt(now, end, *rate, burst);
  }
  if (burst.refused < kFlood || burst.refused < 2.0 / 3 * burst.sent) return;
  if (!bucket_ || refused_since_cut_ >= kHalveAfter) {
    halve(now, end, burst);
  }
}

// Whether they came one by one, as at random: no row longer than chance makes it.
bool LearnedRate::spread(const Share& share) const {
  const double s = share.value();
  if (s > kMostBackground || share.refused >= share.sent) return false;
  return static_cast<double>(longest_row_) <= 2 + std::log(share.sent) / -std::log(s);
}

void LearnedRate::adopt(core::Time now, const Mark& end, double rate, const Share& burst) {
  const Phase before = phase_;
  const std::optional<double> present = per_second();
  const double span = burst_ ? core::in_seconds(end.sent_at - burst_->sent_at) : 0;
  const double passing = span > 0 ? (burst.sent - burst.refused) / span : 0;
  if (before == Phase::probing) {
    rate = std::max(held_, rate);
    hold_ = rate > kNews * held_ ? kFirstHold : std::min(2 * hold_, kLongestHold);
    probed_ = true;
  } else {
    held_ = 0;
    const bool bound = slots_full_at_ < cut_at_;
    const bool agree = std::abs(rate / latest_measure_ - 1) < kAgree;
    met_ = met_ || (burst.value() >= kDense && bound && present) || agree;
    latest_measure_ = rate;
    hold_ = probed_ ? kFirstHold : kUnmetHold;
    // A limiter without a burst lets less pass the more is sent: a step back may be enough.
    if (present && rate < kFarBelow * *present && !std::exchange(stepped_, true))
      rate = (before == Phase::seeking ? kSeekStepBack : kStepBack) * *present;
  }
  if (present)
    rate = std::min(rate, before == Phase::holding ? (1 - kMargin) * *present : *present);
  previous_ = end;
  cut(now, Phase::holding, rate);
  const bool doubtful = before == Phase::seeking && burst.refused > 0 && burst.value() < kDense;
  if (before == Phase::holding || before == Phase::free || doubtful)
    trial_ = Trial{
        .before = burst, .rate = present, .measured = rate, .passing = passing, .deep = false};
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

void LearnedRate::found_background(core::Time now, const Share& after) {
  const Trial trial = *trial_;
  trial_.reset();
  set_background(after.value());
  // Whatever was met before may have been the background.
  met_ = probed_ = stepped_ = false;
  held_ = 0;
  if (trial.rate) {
    hold_ = kUnmetHold;
    cut(now, Phase::holding, bucket_->limit() / kDeep);
  } else {
    cut(now, Phase::free, 1);
    bucket_.reset();
  }
}

void LearnedRate::set_background(double share) {
  background_ = share < 2 * kLeastBackground ? 0 : std::min(share, kMostBackground);
  excess_ = test_for(background_);
  seen_from_ = heard_;
  seen_refused_ = 0;
}

void LearnedRate::passed(core::Time sent_at, std::uint64_t ordinal) {
  heard_ = std::max(heard_, ordinal);
  let_through_at_ = std::max(let_through_at_, sent_at);
  if (sent_at <= cut_at_) return;
  passed_since_cut_ = true;
  shut_ = false;
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

void LearnedRate::weigh(core::Time now) {
  const double n = static_cast<double>(heard_ - std::min(heard_, cut_ordinal_));
  if (trial_) {
    const double usual = trial_->before.value() * n;
    const double part = usual >= 3 * kTrialRefusals ? kRelieved : kClearlyRelieved;
    if (usual >= kTrialRefusals && static_cast<double>(refused_since_cut_) < part * usual) {
      if (trial_->deep) set_rate(now, trial_->measured);
      trial_.reset();
    }
  }
  const double seen = static_cast<double>(heard_ - seen_from_);
  if (background_ > 0 && seen * background_ >= 30) {
    const double share = static_cast<double>(seen_refused_) / seen;
    if (share < 0.8 * background_) set_background(share);
    seen_from_ = heard_;
    seen_refused_ = 0;
  }
}

void LearnedRate::set_rate(core::Time now, double rate) {
  bucket_->set_limit(now, rate, burst_of(rate));
}

void LearnedRate::tick(core::Time now) {
  weigh(now);
  if (!bucket_) return;
  const core::Duration held = now - held_since_;
  if (phase_ == Phase::holding) {
    if (held >= kGood && sending_rate(now) >= 0.9 * bucket_->limit()) held_ = bucket_->limit();
    if (held < hold_ || trial_) return;
    phase_ = met_ ? Phase::probing : Phase::seeking;
    stepped_ = false;
    held_since_ = grown_at_ = now;
    return;
  }
  if (now - grown_at_ < (phase_ == Phase::seeking ? kSeekStep : kStep)) return;
  const double step = core::in_seconds(std::min<core::Duration>(now - grown_at_, kSecond));
  grown_at_ = now;
  if (!std::exchange(wanted_, false)) return;
  if (refused_since_cut_ > 0 && excess_.score(heard_) > 0) return;
  double rate = bucket_->limit();
  if (phase_ == Phase::seeking) {
    rate *= std::exp2(step / core::in_seconds(std::max(kDoubling, 2 * refusal_takes_)));
  } else {
    double growth = probed_ ? kFirstGrowth : kUnprobedGrowth;
    for (core::Duration t = held; t >= kFaster && growth < kMostGrowth; t -= kFaster) growth *= 2;
    rate *= 1 + growth * step;
  }
  set_rate(now, rate);
}

}  // namespace sluice::schedule
