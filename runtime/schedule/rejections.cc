#include "schedule/rejections.h"

#include <algorithm>
#include <cmath>

namespace sluice::schedule {

RejectionTest::RejectionTest(double usual, double raised)
    : refusal_(std::log(raised / usual)), pass_(std::log((1 - usual) / (1 - raised))) {}

bool RejectionTest::refused(std::uint64_t ordinal) {
  const bool late = ordinal <= latest_;  // counted as passed before
  if (!late) {
    score_ = latest_ + 1 == ordinal ? score_ : score(ordinal - 1);
    latest_ = ordinal;
  }
  const bool first = score_ == 0;
  score_ = std::min(kMost, score_ + refusal_ + (late ? pass_ : 0));
  return first;
}

double RejectionTest::score(std::uint64_t ordinal) const {
  if (ordinal <= latest_) return score_;
  return std::max(0.0, score_ - pass_ * static_cast<double>(ordinal - latest_));
}

}  // namespace sluice::schedule
