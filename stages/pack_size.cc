#include "stages/pack_size.h"

#include <algorithm>

namespace sluice::stages {
namespace {

// Answers vary in length: the bound holds for packs that are longer than the mean by so much.
constexpr double kRoomForLongAnswers = 1.25;

}  // namespace

PackSize::PackSize(int most, std::optional<int> output_tokens)
    : most_(std::max(1, most)), output_tokens_(output_tokens), rows_(most_) {}

int PackSize::bound_by_output() const {
  if (!output_tokens_) return most_;
  const double rows = *output_tokens_ / (kRoomForLongAnswers * tokens_per_row_);
  return std::max(1, static_cast<int>(std::min(rows, static_cast<double>(most_))));
}

PackSize::Size PackSize::now() const {
  const std::lock_guard lock(mutex_);
  return {std::min(rows_, bound_by_output()), epoch_};
}

void PackSize::answered(const Reply& reply) {
  const std::lock_guard lock(mutex_);
  if (reply.answered == reply.asked && reply.asked > 0 && reply.output_tokens > 0) {
    packs_seen_ = std::min(packs_seen_ + 1, kMemory);
    const double seen = static_cast<double>(reply.output_tokens) / static_cast<double>(reply.asked);
    tokens_per_row_ += (seen - tokens_per_row_) / packs_seen_;
  }
  if (reply.epoch != epoch_) return;
  ++packs_;
  asked_ += reply.asked;
  lost_ += reply.asked - reply.answered;
  if (packs_ < kWindowPacks) return;

  const int before = rows_;
  learn(static_cast<double>(lost_) / static_cast<double>(asked_));
  if (rows_ != before) ++epoch_;
  packs_ = 0;
  asked_ = lost_ = 0;
}

void PackSize::learn(double lost) {
  // At worst one row of each pack: a size at which none comes is to be left, too.
  const double share = std::max(1 - lost, 1.0 / (2 * rows_));
  const double cost = (kFrameRows + rows_) / (rows_ * share);
  if (trial_) return end_trial(cost);
  less_.left = std::max(0, less_.left - 1);
  more_.left = std::max(0, more_.left - 1);
  if (lost < kFewLost) {
    rows_ = std::min(most_, rows_ + std::max(1, rows_ / 8));
  } else if (lost > kMostLost && rows_ > 1 && less_.left == 0) {
    try_size(std::max(1, rows_ * 3 / 4), cost);
  } else if (rows_ < most_ && more_.left == 0) {
    try_size(std::min(most_, rows_ + std::max(1, rows_ / 3)), cost);
  }
}

void PackSize::try_size(int rows, double cost) {
  trial_ = {rows_, cost};
  rows_ = rows;
}

void PackSize::end_trial(double cost) {
  Rest& rest = rows_ < trial_->rows_before ? less_ : more_;
  if (cost < kClearlyLess * trial_->cost_before) {
    rest = {};
    // What was just left for something better need not be tried at once.
    (&rest == &less_ ? more_ : less_).left = kRest;
  } else {
    rows_ = trial_->rows_before;
    rest.left = rest.next;
    rest.next = std::min(2 * rest.next, kLongestRest);
  }
  trial_.reset();
}

}  // namespace sluice::stages
