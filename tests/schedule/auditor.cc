#include "auditor.h"

#include <algorithm>
#include <variant>

#include "harness.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

std::optional<TokenBucket> bucket_of(const provider::Limits& limits, Quota quota) {
  if (!limits[quota]) return std::nullopt;
  if (quota == Quota::requests_per_day) return TokenBucket(*limits[quota], 24h, *limits[quota]);
  const double second = *limits[quota] / 60;  // bursts as in quota.h
  const double burst =
      quota == Quota::requests_per_minute ? 1 + second / 20 : std::max(1.0, second);
  return TokenBucket(*limits[quota], 1min, burst);
}

double tokens_of(const Scenario& scenario) {
  return scenario.workload.prompt_bytes / 4.0 +
         scenario.workload.rows * scenario.endpoints[0].output_tokens_per_row;
}

}  // namespace

Auditor::Auditor(const Scenario& scenario)
    : scenario_(scenario), last_attempt_(scenario.config.first_attempt - 1) {
  for (std::size_t i = 0; i < scenario.endpoints.size(); ++i) {
    const EndpointConfig& e = scenario.config.endpoints[i];
    Side& side = sides_.emplace_back();
    side.lowered = scenario.endpoints[i].reports_limits;
    side.requests = bucket_of(e.limits, Quota::requests_per_minute);
    side.day = bucket_of(e.limits, Quota::requests_per_day);
    if (scenario.exact) side.tokens = bucket_of(e.limits, Quota::tokens_per_minute);
  }
  spent_ = scenario.config.spent;
}

std::string Auditor::play() {
  const simulate::SimulationReport report = simulate::simulate(
      scenario_.config, scenario_.endpoints, scenario_.workload, scenario_.seed, *this);
  if (report.stalled) broken("stalls: work is left and no wake-up is asked for");
  if (report.busy) broken("wakes for nothing, over and over");
  if (!open_.empty()) broken("not every request has ended");
  if (!flights_.empty()) broken("attempts are left in flight");
  if (!over_ && submitted_ != scenario_.workload.requests) broken("ends before all is asked");
  if (report.spent != spent_) broken("wrong sum spent at the end");
  if (report.elapsed > scenario_.longest())
    broken("takes " + std::to_string(std::chrono::duration<double>(report.elapsed).count()) +
           " s, where " +
           std::to_string(std::chrono::duration<double>(scenario_.longest()).count()) +
           " s are ample");
  return broken_;
}

void Auditor::broken(const std::string& what) {
  if (broken_.empty())
    broken_ = what + " at " + std::to_string(now_.time_since_epoch().count()) + " ns";
}

void Auditor::submitted(core::Time now, const Demand& demand) {
  now_ = now;
  ++submitted_;
  open_[demand.id] = demand;
}

void Auditor::acted(core::Time now, const Action& action) {
  if (now < now_) broken("time runs backwards");
  now_ = now;
  log_ += std::to_string(now.time_since_epoch().count()) + " " + Harness::word(action) + "\n";
  std::visit([this](const auto& a) { see(a); }, action);
}

void Auditor::see(const Send& send) {
  const Config& config = scenario_.config;
  const EndpointConfig& e = config.endpoints[send.endpoint];
  Side& side = sides_[send.endpoint];
  if (!open_.contains(send.request)) broken("sends a request that is not open");
  if (++flying_[send.request] > (config.hedge ? 2 : 1)) broken("a request is in flight too often");
  if (over_) broken("sends after a halt or drain");
  if (config.deadline && now_ >= *config.deadline) broken("sends past the deadline");
  if (send.attempt != ++last_attempt_) broken("attempt ids do not ascend by one");
  ++side.in_flight;
  if (e.limits.max_concurrency && side.in_flight > *e.limits.max_concurrency)
    broken("max_concurrency is passed");
  take(side);
  reserved_ += send.worst_cost;
  if (config.budget && send.worst_cost > core::Money() && spent_ + reserved_ > *config.budget)
    broken("the budget is passed");
  flights_[send.attempt] = {send, false};
}

void Auditor::take(Side& side) {
  const auto one = [&](std::optional<TokenBucket>& bucket, double units, const char* what) {
    if (!bucket) return;
    // The scheduler's estimate is a quotient of means, with its rounding. And where the server
    // lowers a limit, what is left of a request's wait is cut down to the lower burst: so one
    // request that is larger than that may go early by a burst, once.
    const double slack = 1e-6 * units + (side.lowered && units > 1 ? bucket->burst() : 0);
    if (bucket->level(now_) < std::min(units, bucket->burst()) - slack)
      broken(std::string(what) + " are passed");
    bucket->reserve(now_, units);
  };
  one(side.requests, 1, "requests per minute");
  one(side.day, 1, "requests per day");
  one(side.tokens, tokens_of(scenario_), "tokens per minute");
}

// No endpoint here has batches.
void Auditor::see(const Park&) {
  broken("parks a request");
}

void Auditor::see(const Cancel& cancel) {
  const auto flight = flights_.find(cancel.attempt);
  if (flight == flights_.end()) return broken("cancels what is not in flight");
  if (flight->second.cancelled) broken("cancels twice");
  if (flight->second.send.request != cancel.request ||
      flight->second.send.endpoint != cancel.endpoint)
    broken("cancels under a wrong name");
  if (open_.contains(cancel.request)) broken("cancels an attempt of a request that is open");
  flight->second.cancelled = true;
}

void Auditor::answered(core::Time now, const Send& of, const provider::Outcome& outcome) {
  now_ = now;
  const auto entry = flights_.find(of.attempt);
  if (entry == flights_.end()) return broken("the simulator answers what is not in flight");
  const Flight flight = entry->second;
  flights_.erase(entry);
  if (--flying_[of.request] == 0) flying_.erase(of.request);
  Side& side = sides_[of.endpoint];
  --side.in_flight;
  reserved_ -= flight.send.worst_cost;
  const bool known = outcome.billing == provider::Billing::known;
  const bool possible = outcome.billing == provider::Billing::possible;
  if (known)
    spent_ += provider::cost_of(outcome.usage, scenario_.config.endpoints[of.endpoint].price);
  if (possible) spent_ += flight.send.worst_cost;
  if (side.tokens && !known && !possible) side.tokens->settle(now, tokens_of(scenario_), 0);
  if (outcome.status == 0 && !possible) {  // never arrived
    if (side.requests) side.requests->settle(now, 1, 0);
    if (side.day) side.day->settle(now, 1, 0);
  }
  if (outcome.action != provider::Action::none) return;
  any_answer_ = true;
  if (open_.contains(of.request)) {
    end(of.request, "answered");
  } else if (!flight.cancelled) {
    broken("an attempt of a request that has ended was not cancelled");
  }
}

void Auditor::see(const RejectRequest& action) {
  const std::string& reason = action.reject.reason;
  if (reason != "too_large" && reason != "retries_exhausted")
    broken("rejects for \"" + reason + "\"");
  if (reason == "retries_exhausted" && action.reject.history.empty())
    broken("gives up without a history");
  end(action.request, "rejected");
}

// No modelled server asks for one, so it must be too large as it is.
void Auditor::see(const SplitRequest& split) {
  if (split.cause != provider::Cause::too_large) broken("splits unasked");
  end(split.request, "split");
}

void Auditor::see(const ReleaseRequest& release) {
  if (!over_) broken("releases before a halt or drain");
  end(release.request, "released");
}

void Auditor::see(const Halt& halt) {
  if (halted_) broken("halts twice");
  // Some modelled servers answer nothing for so long that health.h gives them up.
  const core::Duration timeout =
      any_answer_ ? core::Duration(Health::kLostFor) : core::Duration(Health::kNeverReached);
  const bool given_up = halt.cause == HaltCause::endpoints && now_.time_since_epoch() >= timeout;
  if (halt.cause != HaltCause::budget && halt.cause != HaltCause::deadline && !given_up)
    broken("halts: " + halt.message);
  if (halt.cause == HaltCause::budget && reserved_ != core::Money())
    broken("halts for money while some may come back");
  if (halt.cause == HaltCause::deadline &&
      now_ < scenario_.config.deadline.value_or(core::Time::max()))
    broken("halts before time");
  halted_ = halt.cause;
  over_ = true;
}

void Auditor::drained(core::Time) {
  over_ = true;
}

void Auditor::end(RequestId id, const char* how) {
  if (open_.erase(id) == 0) broken(std::string(how) + " twice, or never submitted");
}

void Auditor::polled(core::Time now, const Scheduler& scheduler) {
  const Snapshot s = scheduler.snapshot(now);
  if (s.in_flight != flights_.size()) broken("wrong count in flight");
  std::size_t flying_open = 0;
  for (const auto& [id, count] : flying_) {
    if (open_.contains(id)) ++flying_open;
  }
  if (s.waiting != open_.size() - flying_open) broken("wrong count waiting");
  if (s.reserved != reserved_) broken("wrong sum reserved");
  if (s.spent != spent_) broken("wrong sum spent");
  for (std::size_t e = 0; e < sides_.size(); ++e) {
    if (s.endpoints[e].in_flight != sides_[e].in_flight) broken("a slot is held or lost");
  }
  if (over_ && s.waiting != 0) broken("waits after a halt or drain");
}

}  // namespace sluice::schedule
