// What a Referee draws: the configuration of a run, and the outcome of an attempt.
#include "referee.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Cause;
using provider::Quota;
using Verdict = provider::Action;

}  // namespace

Config Referee::random_config(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  Config config;
  const std::uint64_t endpoints = 1 + below(4);
  for (std::uint64_t i = 0; i < endpoints; ++i) {
    EndpointConfig e = endpoint("e" + std::to_string(i));
    e.max_output_tokens = 128 * 20;
    if (below(2) == 0)
      e.limits[Quota::requests_per_minute] = 1.0 + static_cast<double>(below(3000));
    if (below(2) == 0)
      e.limits[Quota::tokens_per_minute] = 2000.0 + static_cast<double>(below(1'000'000));
    if (below(5) == 0) e.limits[Quota::requests_per_day] = 1.0 + static_cast<double>(below(200));
    if (below(2) == 0) e.limits.max_concurrency = 1 + static_cast<int>(below(40));
    if (below(3) != 0)
      e.price = price(static_cast<double>(below(20)), static_cast<double>(below(60)));
    config.endpoints.push_back(e);
  }
  config.route = static_cast<Route>(below(4));
  config.retry.attempts = 1 + static_cast<int>(below(8));
  if (below(3) == 0)
    config.budget = core::Money::picodollars(static_cast<std::int64_t>(below(3'000'000'000'000)));
  if (below(4) == 0)
    config.spent = core::Money::picodollars(static_cast<std::int64_t>(below(1'000'000'000)));
  if (below(4) == 0) config.deadline = core::Time{1h} + core::Duration(below(600'000'000'000));
  config.first_attempt = 1 + below(1000);
  config.hedge = below(3) == 0;
  config.seed = random();
  return config;
}

provider::Outcome Referee::random_outcome(const Demand& demand) {
  const auto verdict = static_cast<Verdict>(
      std::discrete_distribution<int>(weights_.begin(), weights_.end())(random_));
  provider::Outcome outcome;
  outcome.action = verdict;
  outcome.status = 200;
  const bool can_wait = verdict == Verdict::retry || verdict == Verdict::move;
  if (verdict != Verdict::none) {
    outcome.cause = can_wait && fraction() < rate_limit_share_ ? Cause::rate_limit : kFault;
    outcome.status = below(3) == 0 ? 0 : 500;
    if (below(4) == 0) outcome.billing = provider::Billing::possible;
  }
  if (verdict == Verdict::refused) outcome.status = 403;
  if (can_wait && below(2) == 0) outcome.hints.retry_after = core::Duration(below(20'000'000'000));
  if (verdict == Verdict::none || below(10) == 0) {
    outcome.billing = provider::Billing::known;
    outcome.usage = {.input = demand.prompt_bytes / 4, .output = demand.rows * kRowTokens};
  }
  return outcome;
}

}  // namespace sluice::schedule
