#include "simulate/limiter.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "schedule/token_bucket.h"

namespace sluice::simulate {
namespace {

class BucketLimit final : public ServerLimit {
 public:
  BucketLimit(double limit, core::Duration window, double burst) : bucket_(limit, window, burst) {}
  core::Time earliest(core::Time now, double units) override {
    return bucket_.earliest(now, units);
  }
  void take(core::Time now, double units) override { bucket_.reserve(now, units); }
  double remaining(core::Time now) override { return bucket_.level(now); }

 private:
  schedule::TokenBucket bucket_;
};

// The excess over the rate leaks away at the rate; what would raise it above the burst is refused.
// The first to come raises nothing.
class LeakyLimit final : public ServerLimit {
 public:
  LeakyLimit(double limit, core::Duration window, double burst, bool delays)
      : per_ms_(limit / static_cast<double>(window / std::chrono::milliseconds(1))),
        burst_(burst),
        delays_(delays) {}
  core::Time earliest(core::Time now, double units) override {
    const double over = excess(now, units) - burst_;
    if (!started_ || over <= 0) return now;
    const auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(over / per_ms_) + 1);
    return std::chrono::floor<std::chrono::milliseconds>(now) + wait;
  }
  void take(core::Time now, double units) override {
    excess_ = started_ ? excess(now, units) : 0;
    at_ = std::chrono::floor<std::chrono::milliseconds>(now);
    started_ = true;
  }
  double remaining(core::Time now) override { return burst_ - excess(now, 0); }
  core::Duration delay(core::Time now) override {
    const double ms = delays_ ? excess(now, 0) / per_ms_ : 0;
    return core::Duration(static_cast<std::int64_t>(ms * 1e6));
  }

 private:
  double excess(core::Time now, double units) const {
    const auto passed = std::chrono::floor<std::chrono::milliseconds>(now) - at_;
    return std::max(0.0, excess_ - per_ms_ * static_cast<double>(passed.count()) + units);
  }

  double per_ms_;
  double burst_;
  bool delays_;
  double excess_ = 0;
  std::chrono::time_point<core::Time::clock, std::chrono::milliseconds> at_{};
  bool started_ = false;
};

class FixedWindowLimit final : public ServerLimit {
 public:
  FixedWindowLimit(double limit, core::Duration window) : limit_(limit), window_(window) {}
  core::Time earliest(core::Time now, double units) override {
    turn(now);
    return used_ == 0 || used_ + units <= limit_ ? now : began_ + window_;
  }
  void take(core::Time now, double units) override {
    turn(now);
    used_ += units;
  }
  double remaining(core::Time now) override {
    turn(now);
    return limit_ - used_;
  }

 private:
  void turn(core::Time now) {
    if (now < began_ + window_) return;
    began_ += (now - began_) / window_ * window_;
    used_ = 0;
  }

  double limit_;
  core::Duration window_;
  core::Time began_{};
  double used_ = 0;
};

class SlidingWindowLimit final : public ServerLimit {
 public:
  SlidingWindowLimit(double limit, core::Duration window) : limit_(limit), window_(window) {}
  core::Time earliest(core::Time now, double units) override {
    slide(now);
    double used = used_;
    core::Time when = now;
    for (auto taken = log_.begin(); taken != log_.end() && used + units > limit_; ++taken) {
      used -= taken->units;
      when = taken->at + window_;
    }
    return when;
  }
  void take(core::Time now, double units) override {
    slide(now);
    log_.push_back({now, units});
    used_ += units;
  }
  double remaining(core::Time now) override {
    slide(now);
    return limit_ - used_;
  }

 private:
  struct Taken {
    core::Time at;
    double units = 0;
  };
  void slide(core::Time now) {
    for (; !log_.empty() && log_.front().at + window_ <= now; log_.pop_front())
      used_ -= log_.front().units;
    if (log_.empty()) used_ = 0;  // and no rounding is left
  }

  double limit_;
  core::Duration window_;
  std::deque<Taken> log_;
  double used_ = 0;
};

}  // namespace

core::Duration ServerLimit::delay(core::Time) {
  return core::Duration::zero();
}

std::unique_ptr<ServerLimit> make_limit(const LimiterSpec& how, double limit,
                                        core::Duration window) {
  const core::Duration counted = std::min(how.window.value_or(window), window);
  const double share =
      limit * static_cast<double>(counted.count()) / static_cast<double>(window.count());
  switch (how.kind) {
    case LimiterKind::token_bucket:
      break;
    case LimiterKind::leaky_bucket:
      return std::make_unique<LeakyLimit>(limit, window, how.burst.value_or(limit), how.delays);
    case LimiterKind::fixed_window:
      return std::make_unique<FixedWindowLimit>(share, counted);
    case LimiterKind::sliding_window:
      return std::make_unique<SlidingWindowLimit>(share, counted);
  }
  return std::make_unique<BucketLimit>(limit, window, how.burst.value_or(limit));
}

}  // namespace sluice::simulate
