#include "simulate/server.h"

#include <algorithm>
#include <cmath>

namespace sluice::simulate {
namespace {

using provider::Billing;
using provider::Cause;
using provider::Quota;

constexpr core::Duration kNoConnection = std::chrono::milliseconds(1);

constexpr bool of_a_day(std::size_t quota) {
  const auto q = static_cast<Quota>(quota);
  return q == Quota::requests_per_day || q == Quota::tokens_per_day;
}

constexpr bool of_requests(std::size_t quota) {
  const auto q = static_cast<Quota>(quota);
  return q == Quota::requests_per_minute || q == Quota::requests_per_day;
}

core::Duration window_of(std::size_t quota) {
  return of_a_day(quota) ? core::Duration(std::chrono::hours(24)) : std::chrono::minutes(1);
}

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

// The quota under which the headers tell this one.
std::size_t reported_as(std::size_t quota, ReportedWindow window) {
  if (window != ReportedWindow::day) return quota;
  const auto day = static_cast<std::size_t>(of_requests(quota) ? Quota::requests_per_day
                                                               : Quota::tokens_per_day);
  return of_a_day(quota) ? quota : day;
}

core::Duration scaled(core::Duration d, double factor, core::Duration most) {
  return core::Duration(static_cast<std::int64_t>(
      std::min(static_cast<double>(d.count()) * factor, static_cast<double>(most.count()))));
}

Server::Reply failed(core::Duration after, provider::Action action, Cause cause, int status,
                     Billing billing = Billing::none) {
  Server::Reply reply{.after = after, .outcome = {}};
  reply.outcome.action = action;
  reply.outcome.cause = cause;
  reply.outcome.status = status;
  reply.outcome.billing = billing;
  return reply;
}

Server::Reply unreachable() {
  Server::Reply reply = failed(kNoConnection, provider::Action::move, Cause::unreachable, 0);
  reply.outcome.contact = provider::Contact::unreachable;
  return reply;
}

}  // namespace

Server::Server(const ServerSpec& model, std::optional<int> max_output_tokens, std::uint64_t seed)
    : model_(std::make_unique<const ServerSpec>(model)),
      max_output_tokens_(max_output_tokens),
      random_(seed),
      latency_(*model_) {
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    const auto& limit = model.limits.per_window[q];
    if (limit && *limit > 0) limits_[q] = make_limit(model.limiter, *limit, window_of(q));
  }
}

provider::Usage Server::usage_of(const schedule::Demand& demand, double output_factor) {
  const double factor = 1 + model_->token_spread * (2 * random_.uniform() - 1);
  const auto tokens = [factor](double mean) {
    return static_cast<std::uint64_t>(std::llround(std::max(1.0, mean * factor)));
  };
  provider::Usage usage;
  usage.input = tokens(demand.prompt_bytes / model_->bytes_per_token);
  usage.output = tokens(demand.rows * model_->output_tokens_per_row * output_factor);
  if (max_output_tokens_)
    usage.output = std::min(usage.output, static_cast<std::uint64_t>(*max_output_tokens_));
  return usage;
}

std::optional<OutageKind> Server::outage(core::Time now) {
  const std::vector<Outage>& outages = model_->outages;
  while (outage_ < outages.size() && now >= core::Time(outages[outage_].to)) ++outage_;
  if (outage_ == outages.size() || now < core::Time(outages[outage_].from)) return std::nullopt;
  return outages[outage_].kind;
}

std::optional<core::Duration> Server::refuse(core::Time now, const provider::Usage& usage) {
  core::Time when = now;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    if (limits_[q]) when = std::max(when, limits_[q]->earliest(now, units_of(q, usage)));
  }
  const bool refused = when > now;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    if (!limits_[q]) continue;
    if (!refused || (model_->limiter.counts_refused && of_requests(q)))
      limits_[q]->take(now, units_of(q, usage));
  }
  return refused ? std::optional(when - now) : std::nullopt;
}

Server::Reply Server::take(core::Time now, const schedule::Demand& demand, double output_factor) {
  using provider::Action;
  const provider::Usage usage = usage_of(demand, output_factor);
  if (const auto kind = outage(now)) {
    switch (*kind) {
      case OutageKind::refuse:
        return unreachable();
      case OutageKind::hang:
        return failed(model_->timeout, Action::retry, Cause::timeout, 0, Billing::possible);
      case OutageKind::unavailable:
        return failed(model_->refusal_takes, Action::retry, Cause::server_error, 503);
      case OutageKind::error:
        return failed(model_->refusal_takes, Action::retry, Cause::server_error, 500);
    }
  }
  if (full(now)) return refusal(model_->refused_hint);
  if (model_->refused_rate > 0 && random_.uniform() < model_->refused_rate) {
    Reply reply = refusal(model_->refused_hint);
    if (model_->refused_is_capacity) {
      reply.outcome.action = Action::move;
      reply.outcome.cause = Cause::capacity;
    }
    return reply;
  }
  Reply reply;
  if (const auto wait = refuse(now, usage)) {
    std::optional<core::Duration> hint;
    if (model_->reports_retry_after)
      hint = scaled(*wait, model_->retry_after_factor, std::chrono::hours(24));
    reply = refusal(hint);
  } else {
    reply = answer(now, usage);
  }
  if (model_->reports_limits && reply.outcome.status != 0) report_limits(now, reply.outcome.hints);
  return reply;
}

Server::Reply Server::refusal(const std::optional<core::Duration>& hint) const {
  const bool told = model_->refusal_status == 429;
  Reply reply = failed(model_->refusal_takes, provider::Action::retry,
                       told ? Cause::rate_limit : Cause::server_error, model_->refusal_status);
  reply.outcome.hints.retry_after = hint;
  return reply;
}

bool Server::full(core::Time now) {
  if (!model_->most_at_once) return false;
  while (!busy_.empty() && busy_.top() <= now) busy_.pop();
  return busy_.size() >= static_cast<std::size_t>(*model_->most_at_once);
}

Server::Reply Server::answer(core::Time now, const provider::Usage& usage) {
  const double fate = random_.uniform();
  core::Duration after = latency_.served(now, random_) - now;
  for (const auto& limit : limits_) {
    if (limit) after += limit->delay(now);
  }
  if (model_->most_at_once) busy_.push(now + after);
  if (fate < model_->lost_rate || after > model_->timeout)
    return failed(model_->timeout, provider::Action::retry, Cause::timeout, 0, Billing::possible);
  if (fate < model_->lost_rate + model_->error_rate)
    return failed(after, provider::Action::retry, Cause::server_error, 500);
  Reply reply{.after = after, .outcome = {}};
  reply.outcome.status = 200;
  reply.outcome.billing = Billing::known;
  reply.outcome.usage = usage;
  return reply;
}

void Server::report_limits(core::Time now, provider::RateHints& hints) {
  const HeaderErrors& lies = model_->lies;
  const double share = lies.window == ReportedWindow::second ? 1.0 / 60 : 1.0;
  for (std::size_t q = 0; q < provider::kQuotas; ++q) {
    if (!limits_[q]) continue;
    provider::QuotaHint& hint = hints.quota[reported_as(q, lies.window)];
    if (lies.unknown) {
      hint = {.limit = -1, .remaining = -1, .reset_after = core::Duration::zero()};
      continue;
    }
    Reported& told = reported_[q];
    if (told.as_of == core::Time::min() || now - told.as_of >= lies.stale)
      told = {.as_of = now, .remaining = limits_[q]->remaining(now)};
    hint.limit = *model_->limits.per_window[q] * lies.limit * share;
    hint.remaining = std::max(0.0, std::floor(told.remaining * lies.remaining * share));
  }
}

}  // namespace sluice::simulate
