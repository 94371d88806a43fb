// What refusals mean: whether there are more than usual, and whether a limit or the server's own
// mood makes them.
#include <algorithm>
#include <cmath>

#include "schedule/learned_rate.h"

namespace sluice::schedule {
namespace {

using std::chrono::milliseconds;

// Excess
constexpr double kLeastBackground = 0.001;
constexpr double kMostBackground = 0.5;
constexpr double kExcess = 8;           // of Page's score: four refusals close together
constexpr double kExcessProbing = 2.9;  // one, where there is no background
constexpr double kExcessEven = 4.5;     // two: what comes late makes the next come early
constexpr double kSurer = 6;            // more of it where there is one: chance makes bursts too
constexpr std::uint64_t kHalveAfter = 10;
// Even
constexpr int kSendBurst = 16;
constexpr std::uint64_t kSentBefore = 4;
constexpr core::Duration kSendBurstSpan = milliseconds(2);
constexpr double kMostRefused = 0.75;
// Trial
constexpr double kRelieved = 0.5;
constexpr double kDeep = 0.7;
constexpr double kFewer = 0.85;
constexpr double kTrialRefusals = 8;
constexpr double kEnoughRefusals = 12;
constexpr double kClearlyRelieved = 0.3;
constexpr double kMet = 0.97;

RejectionTest test_for(double background) {
  const double usual = std::max(background, kLeastBackground);
  return {usual, 2 * usual + 0.02};
}

}  // namespace

LearnedRate::LearnedRate() : excess_(test_for(0)) {}

bool LearnedRate::is_excess() const {
  double excess = kExcess;
  if (phase_ == Phase::probing) excess = even_ ? kExcessEven : kExcessProbing;
  return excess_.score() >= excess + surer();
}

double LearnedRate::surer() const {
  return background_ > 0 ? kSurer : 0;
}

LearnedRate::Share LearnedRate::share_of(std::uint64_t refused, std::uint64_t from,
                                         const Mark& end) {
  return {static_cast<double>(refused),
          static_cast<double>(end.ordinal - std::min(end.ordinal, from))};
}

void LearnedRate::judge(core::Time now, const Mark& end) {
  if (trial_ && excess_.score() >= kExcess + surer()) {
    if (stands_trial(now, end)) return;
    trial_.reset();
  }
  const Share burst = share_of(burst_->refused, burst_->ordinal, end);
  if (phase_ == Phase::probing) return adopt(now, end, kMet * bucket_->limit(), burst);
  if (auto rate = measured(end)) {
    // Where the slots held us back and not this rate, the bucket may have been full in between.
    if (bucket_ && slots_full_at_ >= cut_at_ && phase_ != Phase::free)
      rate = std::max(*rate, bucket_->limit() * (1 - burst.value()));
    return adopt(now, end, *rate, burst);
  }
  const bool most = burst.refused >= kFlood && burst.refused >= 2.0 / 3 * burst.sent;
  if (most && (!bucket_ || refused_since_cut_ >= kHalveAfter)) halve(now, end, burst);
}

// The excess is there again. False: not as much of it, or not one by one, so this is a limit.
bool LearnedRate::stands_trial(core::Time now, const Mark& end) {
  const Share after = share_of(refused_since_cut_, cut_ordinal_, end);
  if (after.value() < kRelieved * trial_->before.value() || !spread(after)) return false;
  if (trial_->step == TrialStep::as_measured) {
    try_less(now, end, after);
    return true;
  }
  if (after.refused < kEnoughRefusals) return true;
  // A limit lets as many pass as before; without one fewer pass where fewer are sent.
  const double span = core::in_seconds(end.sent_at - cut_at_);
  const double passing = (after.sent - after.refused) / std::max(span, 1e-3);
  if (passing >= kFewer * trial_->passing) return false;
  found_background(now, after);
  return true;
}

void LearnedRate::try_less(core::Time now, const Mark& end, const Share& after) {
  const double present = bucket_->limit();
  trial_->step = TrialStep::less;
  // Should it be a limit after all, it is no more than what passes now.
  trial_->measured = std::min(
      {trial_->measured, measured(end).value_or(trial_->measured), present * (1 - after.value())});
  cut(now, Phase::holding, kDeep * present);
}

// Whether they came one by one, as at random: no row longer than chance makes it.
bool LearnedRate::spread(const Share& share) const {
  const double s = share.value();
  if (s > kMostBackground || share.refused >= share.sent) return false;
  return static_cast<double>(longest_row_) <= 2 + std::log(share.sent) / -std::log(s);
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

void LearnedRate::weigh(core::Time now) {
  const double n = static_cast<double>(heard_ - std::min(heard_, cut_ordinal_));
  if (trial_) {
    const double usual = trial_->before.value() * n;
    const double part = usual >= 3 * kTrialRefusals ? kRelieved : kClearlyRelieved;
    if (usual >= kTrialRefusals && static_cast<double>(refused_since_cut_) < part * usual) {
      if (trial_->step == TrialStep::less) set_rate(now, trial_->measured);
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

void LearnedRate::count_in_send_burst(core::Time now) {
  // Later ones may find a bucket that earlier requests have emptied.
  if (now > send_burst_.at + kSendBurstSpan && sent_ <= kSentBefore) send_burst_ = {.at = now};
  if (now <= send_burst_.at + kSendBurstSpan) ++send_burst_.sent;
}

// A limiter with a burst lets many pass that come together, one without hardly any.
void LearnedRate::refused_of_send_burst(core::Time sent_at) {
  if (sent_at < send_burst_.at || sent_at > send_burst_.at + kSendBurstSpan) return;
  ++send_burst_.refused;
  if (send_burst_.sent < kSendBurst || send_burst_.refused < kMostRefused * send_burst_.sent)
    return;
  even_ = true;
  send_burst_ = {};
  if (bucket_) set_rate(last_sent_, bucket_->limit());
}

}  // namespace sluice::schedule
