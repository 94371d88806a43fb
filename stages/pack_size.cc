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

  const double lost = static_cast<double>(lost_) / static_cast<double>(asked_);
  const int before = rows_;
  if (lost > kMostLost) {
    rows_ = std::max(1, rows_ * 3 / 4);
  } else if (lost < kFewLost) {
    rows_ = std::min(most_, rows_ + std::max(1, rows_ / 8));
  }
  if (rows_ != before) ++epoch_;
  packs_ = 0;
  asked_ = lost_ = 0;
}

}  // namespace sluice::stages
