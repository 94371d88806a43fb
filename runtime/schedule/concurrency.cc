#include "schedule/concurrency.h"

#include <algorithm>
#include <cmath>

namespace sluice::schedule {
namespace {

constexpr double kWorthClimbing = 1.0 / 3;
constexpr int kLeap = 4;
constexpr double kSteady = 1.15;      // times the shortest mean
constexpr double kShortRound = 0.25;  // seconds
constexpr double kLongRound = 20;     // five times as long is still within the usual timeout
constexpr double kFirstWidth = 0.15;
constexpr double kWidest = 1.0;
constexpr double kWorthMore = 0.025;
constexpr double kWorthLess = -0.015;
constexpr double kClear = 4;      // standard errors; it is looked at after each answer
constexpr double kExact = 0.004;  // relative error of the base
constexpr std::uint64_t kFewest = 30;
constexpr core::Duration kShortestPause = std::chrono::seconds(5);
constexpr core::Duration kFirstPauseAtCap = std::chrono::seconds(30);
constexpr core::Duration kLongestPause = std::chrono::minutes(5);

}  // namespace

void Mean::add(double value) {
  ++count_;
  const double off = value - mean_;
  mean_ += off / static_cast<double>(count_);
  squares_ += off * (value - mean_);
}

double Mean::relative_error() const {
  if (count_ < 2 || mean_ <= 0) return 1;
  const auto n = static_cast<double>(count_);
  return std::sqrt(squares_ / (n - 1) / n) / mean_;
}

Concurrency::Concurrency(int cap, bool climb)
    : cap_(std::max(1, cap)),
      limit_(climb ? std::min(cap_, kStart) : cap_),
      phase_(climb ? Phase::climbing : Phase::holding) {}

std::uint32_t Concurrency::sent(core::Time now, int in_flight) {
  if (in_flight >= limit_) full_at_ = now;
  return epoch_;
}

void Concurrency::answered(core::Time now, core::Time sent_at, std::uint32_t epoch) {
  if (full_at_ < sent_at) return;
  if (phase_ == Phase::holding) {
    if (hold_ == core::Duration::zero())
      hold(now, core::in_seconds(now - sent_at), kFirstPauseAtCap);
    if (now >= hold_until_) begin_trial();
  }
  if (epoch != epoch_) return;
  latency_.add(std::max(1e-9, core::in_seconds(now - sent_at)));
  switch (phase_) {
    case Phase::climbing:
      climb(now);
      break;
    case Phase::holding:
      break;
    case Phase::base:
      if (base_is_known()) measured();
      break;
    case Phase::trial:
      switch (judge()) {
        case Verdict::unclear:
          break;
        case Verdict::worth_it:
          return keep_step(now);
        case Verdict::not_worth_it:
          return take_back(now);
      }
      break;
  }
}

void Concurrency::overloaded(core::Time now, core::Time sent_at) {
  if (sent_at <= cut_at_) return;
  cut_at_ = now;
  const double latency = latency_.value();
  set(static_cast<int>(0.7 * limit_));
  hold_ = {};
  hold(now, latency, kShortestPause);
}

void Concurrency::restart() {
  if (limit_ <= kStart) return;
  phase_ = Phase::climbing;
  before_ = 0;
  leap_ = false;
  may_leap_ = true;
  rate_before_ = best_rate_ = shortest_ = 0;
  set(kStart);
}

void Concurrency::set(int limit) {
  limit_ = std::clamp(limit, 1, cap_);
  ++epoch_;
  latency_ = {};
}

void Concurrency::climb(core::Time now) {
  const int answers = static_cast<int>(latency_.count());
  const bool steady = latency_.value() <= kSteady * shortest_;
  if (answers < (leap_ && steady ? limit_ - before_ : limit_)) return;
  if (leap_ && !steady) return step_back();
  if (past_knee()) return settle_at_knee(now);
  if (shortest_ == 0 || latency_.value() < shortest_) shortest_ = latency_.value();
  rate_before_ = rate(limit_, latency_);
  best_rate_ = std::max(best_rate_, rate_before_);
  if (limit_ == cap_) return hold(now, latency_.value(), kShortestPause);
  before_ = limit_;
  leap_ = may_leap_ && latency_.value() >= kShortRound && latency_.value() <= kLongRound;
  set((leap_ ? kLeap : 2) * limit_);
}

// Four times as many were too many at once, or so it looks: twice as many are measured first, and
// from then on it only doubles.
void Concurrency::step_back() {
  leap_ = may_leap_ = false;
  set(2 * before_);
}

void Concurrency::settle_at_knee(core::Time now) {
  const double knee = std::max(best_rate_, rate(limit_, latency_)) * shortest_;
  set(std::clamp(static_cast<int>(std::lround(knee)), 1, limit_));
  hold(now, shortest_, kShortestPause);
}

// The rate has grown by too little since the round before.
bool Concurrency::past_knee() const {
  if (before_ == 0) return false;
  const double possible = static_cast<double>(limit_) / before_ - 1;
  return rate(limit_, latency_) / rate_before_ - 1 < kWorthClimbing * possible;
}

void Concurrency::hold(core::Time now, double latency, core::Duration shortest) {
  phase_ = Phase::holding;
  shortest = std::max(shortest, core::Duration(static_cast<std::int64_t>(20e9 * latency)));
  hold_ = std::max(shortest, hold_);
  hold_until_ = now + std::min(hold_, std::max(shortest, kLongestPause));
  width_ = kFirstWidth;
}

void Concurrency::begin_trial() {
  width_ = kFirstWidth;
  if (limit_ >= cap_) up_ = false;
  if (limit_ <= 1) up_ = true;
  if (limit_ == cap_ && cap_ == 1) return;
  phase_ = Phase::base;
  set(limit_);
}

int Concurrency::next_step() const {
  const double factor = up_ ? 1 + width_ : 1 / (1 + width_);
  const int to = static_cast<int>(std::lround(limit_ * factor));
  return std::clamp(to == limit_ ? limit_ + (up_ ? 1 : -1) : to, 1, cap_);
}

bool Concurrency::base_is_known() const {
  const auto n = static_cast<std::uint64_t>(limit_);
  if (latency_.count() < std::max(2 * n, kFewest)) return false;
  return latency_.relative_error() <= kExact || latency_.count() >= std::max(4 * n, kMostSamples);
}

void Concurrency::measured() {
  base_ = limit_;
  base_latency_ = latency_;
  phase_ = Phase::trial;
  set(next_step());
}

Concurrency::Verdict Concurrency::judge() const {
  const auto n = static_cast<std::uint64_t>(std::max(limit_, base_));
  if (latency_.count() < std::max(2 * n, kFewest)) return Verdict::unclear;
  const double gain = rate(limit_, latency_) / rate(base_, base_latency_) - 1;
  const double now = latency_.relative_error();
  const double then = base_latency_.relative_error();
  // Not std::hypot: it alone would want glibc 2.35 (cmake/Portable.cmake).
  const double error = (1 + gain) * std::sqrt(now * now + then * then);
  const double worth = up_ ? kWorthMore : kWorthLess;
  const bool clear = std::abs(gain - worth) > kClear * error;
  if (!clear && latency_.count() < std::max(4 * n, kMostSamples)) return Verdict::unclear;
  return gain > worth ? Verdict::worth_it : Verdict::not_worth_it;
}

void Concurrency::keep_step(core::Time now) {
  hold_ = {};
  base_ = limit_;
  base_latency_ = latency_;
  width_ = std::min(2 * width_, kWidest);
  const int next = next_step();
  if (next == limit_) return hold(now, latency_.value(), kShortestPause);
  set(next);
}

void Concurrency::take_back(core::Time now) {
  set(base_);
  up_ = !up_;
  hold_ *= 2;
  hold(now, base_latency_.value(), kShortestPause);
}

}  // namespace sluice::schedule
