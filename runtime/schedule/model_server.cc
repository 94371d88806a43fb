#include "schedule/model_server.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sluice::schedule {
namespace {

using provider::Billing;
using provider::Quota;

constexpr core::Duration kRefusalLatency = std::chrono::milliseconds(50);

double units_of(std::size_t quota, const provider::Usage& usage) {
  switch (static_cast<Quota>(quota)) {
    case Quota::requests_per_minute:
    case Quota::requests_per_day:
      return 1;
    case Quota::tokens_per_minute:
    case Quota::tokens_per_day:
      return static_cast<double>(usage.input + usage.output);
    case Quota::input_tokens_per_minute:
      return static_cast<double>(usage.input);
    case Quota::output_tokens_per_minute:
      return static_cast<double>(usage.output);
  }
  return 0;
}

provider::Outcome failed(const char* reason, int status) {
  provider::Outcome outcome;
  outcome.action = provider::Action::retry;
  outcome.reason = reason;
  outcome.status = status;
  return outcome;
}

core::Duration window_of(std::size_t quota) {
  const auto q = static_cast<Quota>(quota);
  if (q == Quota::requests_per_day || q == Quota::tokens_per_day) return std::chrono::hours(24);
  return std::chrono::minutes(1);
}

}  // namespace

ModelServer::ModelServer(const ModelEndpoint& model, std::uint64_t seed)
    : model_(model), engine_(seed) {
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    const auto& limit = model.limits.per_window[q];
    if (limit) buckets_[q].emplace(*limit, window_of(q), *limit);
  }
}

double ModelServer::uniform() {
  return static_cast<double>(engine_() >> 11) * 0x1p-53;
}

core::Duration ModelServer::latency() {
  const double normal = std::sqrt(-2 * std::log(1 - uniform())) *
                        std::cos(2 * std::numbers::pi * uniform());  // Box and Muller
  const double factor = std::exp(model_.latency_spread * normal);
  return core::Duration(
      static_cast<std::int64_t>(static_cast<double>(model_.latency.count()) * factor));
}

provider::Usage ModelServer::usage_of(const Demand& demand) {
  const double factor = 1 + model_.token_spread * (2 * uniform() - 1);
  const auto tokens = [factor](double mean) {
    return static_cast<std::uint64_t>(std::llround(std::max(1.0, mean * factor)));
  };
  return {.input = tokens(demand.prompt_bytes / model_.bytes_per_token),
          .output = tokens(demand.rows * model_.output_tokens_per_row)};
}

std::optional<core::Duration> ModelServer::refuse(core::Time now, const provider::Usage& usage) {
  core::Time when = now;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    if (buckets_[q]) when = std::max(when, buckets_[q]->earliest(now, units_of(q, usage)));
  }
  if (when > now) return when - now;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    if (buckets_[q]) buckets_[q]->reserve(now, units_of(q, usage));
  }
  return std::nullopt;
}

ModelServer::Reply ModelServer::take(core::Time now, const Demand& demand) {
  const provider::Usage usage = usage_of(demand);
  Reply reply;
  provider::Outcome& outcome = reply.outcome;
  if (const auto wait = refuse(now, usage)) {
    reply.after = kRefusalLatency;
    outcome = failed("rate_limit", 429);
    if (model_.tells_retry_after) outcome.hints.retry_after = *wait;
  } else if (const double fate = uniform(); fate < model_.lost_rate) {
    reply.after = model_.timeout;
    outcome = failed("timeout", 0);
    outcome.billing = Billing::possible;
  } else if (fate < model_.lost_rate + model_.error_rate) {
    reply.after = latency();
    outcome = failed("server_error", 500);
  } else {
    reply.after = latency();
    outcome.status = 200;
    outcome.billing = Billing::known;
    outcome.usage = usage;
  }
  if (model_.tells_limits && outcome.status != 0) {
    for (std::size_t q = 0; q < provider::kQuotas; ++q) {
      if (!buckets_[q]) continue;
      outcome.hints.quota[q].limit = buckets_[q]->limit();
      outcome.hints.quota[q].remaining = std::max(0.0, std::floor(buckets_[q]->level(now)));
    }
  }
  return reply;
}

}  // namespace sluice::schedule
