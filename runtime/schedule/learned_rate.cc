#include "schedule/learned_rate.h"

#include <algorithm>
#include <utility>

namespace sluice::schedule {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr core::Duration kSecond = seconds(1);
constexpr core::Duration kShortestMeasure = milliseconds(250);
constexpr std::uint64_t kFewestMeasured = 10;
constexpr double kMargin = 0.02;
constexpr double kFirstCut = 0.7;
constexpr double kCut = 0.95;
constexpr double kBlindCut = 0.5;
constexpr double kNews = 1.05;
constexpr core::Duration kGood = seconds(3);
constexpr core::Duration kFirstHold = seconds(5);
constexpr core::Duration kBlindHold = seconds(1);
constexpr core::Duration kLongestHold = seconds(60);
constexpr core::Duration kShutAfter = milliseconds(500);
constexpr core::Duration kFeel = seconds(1);
constexpr core::Duration kStep = milliseconds(250);
constexpr core::Duration kFaster = seconds(5);
constexpr double kFirstGrowth = 0.01;  // a second
constexpr double kMostGrowth = 0.16;
constexpr double kBlindGrowth = 0.25;

double burst_of(double per_second) {
  return 1 + 0.05 * per_second;
}

}  // namespace

std::optional<double> LearnedRate::per_second() const {
  return bucket_ ? std::optional(bucket_->limit()) : std::nullopt;
}

core::Time LearnedRate::earliest(core::Time now) const {
  if (!bucket_) return now;
  const core::Time when = bucket_->earliest(now, 1);
  return shut_ ? std::max(when, last_sent_ + kFeel) : when;
}

std::uint64_t LearnedRate::sent(core::Time now, core::Time cooled_until) {
  if (first_sent_ == core::Time::min()) first_sent_ = second_ = now;
  if (now >= second_ + kSecond) {
    last_second_ = now < second_ + 2 * kSecond ? this_second_ : 0;
    this_second_ = 0;
    second_ += (now - second_) / kSecond * kSecond;
  }
  ++this_second_;
  if (bucket_) {
    const bool full = bucket_->level(now) >= bucket_->burst();
    if (full && cooled_until <= last_sent_ && !sent_while_shut_) mark_.reset();
    sent_while_shut_ = shut_;
    bucket_->reserve(now, 1);
    wanted_ = wanted_ || bucket_->level(now) < 1;
  }
  last_sent_ = now;
  return ++sent_;
}

double LearnedRate::sending_rate(core::Time now) const {
  if (first_sent_ == core::Time::min() || now >= second_ + 2 * kSecond) return 0;
  const double age = core::in_seconds(now - first_sent_);
  if (age < 1)
    return static_cast<double>(sent_) / std::max(age, core::in_seconds(milliseconds(10)));
  if (now >= second_ + kSecond) return this_second_;
  const double part = core::in_seconds(now - second_);
  return this_second_ + last_second_ * (1 - part);
}

std::optional<double> LearnedRate::measure(const Mark& end) const {
  if (!mark_ || end.ordinal <= mark_->ordinal) return std::nullopt;
  const core::Duration span = end.sent_at - mark_->sent_at;
  const std::uint64_t sent = end.ordinal - mark_->ordinal;
  const std::uint64_t passed = sent > refused_ ? sent - refused_ : 0;
  if (span < kShortestMeasure || passed < kFewestMeasured) return std::nullopt;
  const auto n = static_cast<double>(passed);
  return n / core::in_seconds(span) * (1 - std::max(kMargin, 0.5 / n));
}

void LearnedRate::refused(core::Time now, core::Time sent_at, std::uint64_t ordinal,
                          std::optional<double> known) {
  if (sent_at <= volley_at_) {
    ++refused_;
    return;
  }
  const Mark end{sent_at, ordinal};
  const std::optional<double> measured = measure(end);
  const bool taught = passed_ || !bucket_;
  volley_at_ = now;
  passed_ = false;
  shut_ = bucket_ && now - std::max(passed_at_, engaged_at_) >= kShutAfter;

  if (!bucket_) {
    const double sending = std::max(sending_rate(now), 1 / core::in_seconds(kSlowest));
    set(now,
        known ? 0.95 * std::min(*known, std::max(sending, 0.5 * *known)) : kFirstCut * sending);
    hold_ = kBlindHold;
    blind_ = true;
    engaged_at_ = now;
  } else if (taught || measured) {
    const double present = bucket_->limit();
    double next = measured.value_or((blind_ ? kBlindCut : kCut) * present);
    if (now - held_since_ < hold_) {
      held_ = 0;  // it was refused where it should have been good
      hold_ = blind_ && !measured ? kBlindHold : kFirstHold;
    } else {
      if (held_ > 0) next = std::max(held_, measured.value_or(0));
      next = std::max(next, kCut * sending_rate(now));
      const bool news = next > kNews * held_;
      hold_ = news ? kFirstHold : std::min(2 * hold_, kLongestHold);
      blind_ = false;
    }
    if (measured) blind_ = false;
    set(now, std::min(next, present));
  } else {
    set(now, bucket_->limit());
  }
  if (measured || !mark_) {
    mark_ = end;
    refused_ = 0;
  }
  ++refused_;
}

void LearnedRate::slow_down(core::Time now, core::Time sent_at) {
  if (sent_at <= volley_at_) return;
  volley_at_ = now;
  passed_ = false;
  held_ = 0;
  hold_ = kFirstHold;
  set(now, 0.5 * (bucket_ ? bucket_->limit()
                          : std::max(sending_rate(now), 1 / core::in_seconds(kSlowest))));
}

// The server's bucket is empty: so is ours.
void LearnedRate::set(core::Time now, double per_second) {
  const double rate = std::max(per_second, 1 / core::in_seconds(kSlowest));
  bucket_.emplace(rate, kSecond, burst_of(rate));
  bucket_->reserve(now, burst_of(rate));
  held_since_ = grown_at_ = now;
  wanted_ = false;
}

void LearnedRate::tick(core::Time now) {
  if (!bucket_) return;
  const core::Duration held = now - held_since_;
  if (held >= kGood && held < hold_ && sending_rate(now) >= 0.9 * bucket_->limit())
    held_ = bucket_->limit();
  if (held < hold_ || now - grown_at_ < kStep) return;
  const double step = core::in_seconds(std::min<core::Duration>(now - grown_at_, kSecond));
  grown_at_ = now;
  if (!std::exchange(wanted_, false)) return;
  double growth = blind_ ? kBlindGrowth : kFirstGrowth;
  for (core::Duration t = held - hold_; t >= kFaster && growth < kMostGrowth; t -= kFaster)
    growth *= 2;
  const double rate = bucket_->limit() * (1 + growth * step);
  bucket_->set_limit(now, rate, burst_of(rate));
}

}  // namespace sluice::schedule
