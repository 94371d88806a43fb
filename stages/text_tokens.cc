#include "stages/text_tokens.h"

#include <algorithm>
#include <cmath>

namespace sluice::stages {
namespace {

constexpr double kStrayMemory = 8;  // replies; the first guess counts as half as many
constexpr double kMostStray = 0.5;

std::size_t whole(double bytes) {
  return static_cast<std::size_t>(std::max(1.0, bytes));
}

}  // namespace

TextTokens::TextTokens(std::size_t tokens, std::size_t input_tokens, double first_bytes)
    : tokens_(static_cast<double>(tokens)),
      input_tokens_(static_cast<double>(input_tokens)),
      bytes_per_token_(first_bytes) {}

double TextTokens::margin() const {
  if (replies_ == 0) return 0;
  const double texts = std::max(1.0, tokens_ * bytes_per_token_ / std::max(1.0, text_bytes_));
  return std::clamp(kDeviations * std::sqrt(stray2_ / texts), kLeastMargin, kMostMargin);
}

std::size_t TextTokens::pack_bytes() const {
  const std::lock_guard lock(mutex_);
  return whole(tokens_ * bytes_per_token_ * (1 - margin()));
}

std::size_t TextTokens::safe_bytes() const {
  const std::lock_guard lock(mutex_);
  if (input_tokens_ == 0) return SIZE_MAX;
  const double stray = std::min(kMostStray, 2 * std::sqrt(stray2_));
  // No vocabulary makes more tokens of a text than it has bytes.
  return whole(std::max(input_tokens_, input_tokens_ * bytes_per_token_ * (1 - stray)));
}

bool TextTokens::known() const {
  const std::lock_guard lock(mutex_);
  return replies_ > 0;
}

void TextTokens::counted(std::size_t texts, std::size_t bytes, std::uint64_t tokens) {
  if (texts == 0 || bytes == 0 || tokens == 0) return;
  const std::lock_guard lock(mutex_);
  const auto n = static_cast<double>(texts);
  const auto b = static_cast<double>(bytes);
  const auto t = static_cast<double>(tokens);
  if (replies_ > 0) {
    const double off = t * bytes_per_token_ / b - 1;
    stray2_ += (off * off * n - stray2_) / kStrayMemory;
  }
  replies_ = std::min(replies_ + 1, kMemory);
  const double weight = 1 / static_cast<double>(replies_);
  mean_bytes_ += weight * (b - mean_bytes_);
  mean_tokens_ += weight * (t - mean_tokens_);
  text_bytes_ += weight * (b / n - text_bytes_);
  bytes_per_token_ = mean_bytes_ / mean_tokens_;
}

void TextTokens::refused(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const double most = static_cast<double>(bytes) / tokens_;  // had a token, if it was the sum
  if (most < bytes_per_token_ * (1 - kMostMargin)) return;   // then it was not
  bytes_per_token_ = std::min(bytes_per_token_, 0.9 * most);
  if (replies_ > 0) mean_tokens_ = mean_bytes_ / bytes_per_token_;
}

}  // namespace sluice::stages
