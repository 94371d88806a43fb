#include "simulate/openai_limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sluice::simulate {
namespace {

constexpr double kMinute = 60e9;  // nanoseconds

}  // namespace

Limiter::Limiter(std::optional<double> requests_per_minute, std::optional<double> tokens_per_minute,
                 std::optional<double> most_requests)
    : requests_{requests_per_minute,
                0,
                most_requests.value_or(requests_per_minute.value_or(0)),
                {}},
      tokens_{tokens_per_minute, 0, tokens_per_minute.value_or(0), {}} {
  requests_.level = requests_.most;
  tokens_.level = tokens_.most;
}

void Limiter::Bucket::refill(core::Time now) {
  if (!per_minute || now <= updated) return;
  const double elapsed = static_cast<double>((now - updated).count());
  level = std::min(most, level + *per_minute * elapsed / kMinute);
  updated = now;
}

core::Duration Limiter::Bucket::until(double amount) const {
  if (holds(amount)) return core::Duration::zero();
  return core::Duration(std::llround(std::ceil((amount - level) / *per_minute * kMinute)));
}

Limiter::Verdict Limiter::admit(core::Time now, std::uint64_t prompt_tokens) {
  if (!started_) {
    started_ = true;
    requests_.updated = tokens_.updated = now;
  }
  requests_.refill(now);
  tokens_.refill(now);
  const auto amount = static_cast<double>(prompt_tokens);
  if (tokens_.per_minute && amount > *tokens_.per_minute) return {false, true, "tokens", {}};
  if (!requests_.holds(1)) return {false, false, "requests", requests_.until(1)};
  if (!tokens_.holds(amount)) return {false, false, "tokens", tokens_.until(amount)};
  if (requests_.per_minute) requests_.level -= 1;
  if (tokens_.per_minute) tokens_.level -= amount;
  return {};
}

void Limiter::charge(std::uint64_t completion_tokens) {
  if (tokens_.per_minute) tokens_.level -= static_cast<double>(completion_tokens);
}

Limiter::Levels Limiter::levels(core::Time now) {
  const auto level = [&](Bucket& bucket) -> std::optional<Level> {
    if (!bucket.per_minute) return std::nullopt;
    bucket.refill(now);
    return Level{*bucket.per_minute, std::max(0.0, bucket.level), bucket.until(*bucket.per_minute)};
  };
  return {level(requests_), level(tokens_)};
}

void append_headers(const Limiter::Levels& levels,
                    std::vector<std::pair<std::string, std::string>>& headers) {
  const auto append = [&](const std::optional<Limiter::Level>& level, const char* kind) {
    if (!level) return;
    headers.emplace_back(fmt::format("x-ratelimit-limit-{}", kind),
                         fmt::format("{:.0f}", level->limit));
    headers.emplace_back(fmt::format("x-ratelimit-remaining-{}", kind),
                         fmt::format("{:.0f}", std::floor(level->remaining)));
    headers.emplace_back(fmt::format("x-ratelimit-reset-{}", kind), go_duration(level->reset));
  };
  append(levels.requests, "requests");
  append(levels.tokens, "tokens");
}

std::string go_duration(core::Duration d) {
  const double milliseconds = static_cast<double>(d.count()) / 1e6;
  if (milliseconds < 1000) return fmt::format("{}ms", std::ceil(milliseconds));
  const auto minutes = static_cast<std::int64_t>(milliseconds / 60'000);
  const double seconds = std::ceil(milliseconds - static_cast<double>(minutes) * 60'000) / 1000;
  if (minutes == 0) return fmt::format("{}s", seconds);
  return fmt::format("{}m{}s", minutes, seconds);
}

}  // namespace sluice::simulate
