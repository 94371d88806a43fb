#include "referee.h"

#include <algorithm>
#include <variant>

#include "harness.h"
#include "schedule/purchase.h"
#include "schedule/retry.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Cause;
using provider::Quota;
using Verdict = provider::Action;

// A token bucket names its moment to the nanosecond and counts in floating point, where a day's
// burst is rounded by some 100 ns.
constexpr core::Duration kRounding = 1us;

}  // namespace

Referee::Referee(std::uint64_t seed)
    : random_(seed), early_(seed), config_(random_config(random_)), scheduler_(config_) {
  for (const EndpointConfig& e : config_.endpoints) {
    Side& side = sides_.emplace_back();
    if (const auto rpm = e.limits[Quota::requests_per_minute])
      side.requests.emplace(*rpm, 1min, 1 + *rpm / 60 / 20);
    if (const auto rpd = e.limits[Quota::requests_per_day]) side.day.emplace(*rpd, 24h, *rpd);
    if (const auto tpm = e.limits[Quota::tokens_per_minute])
      side.tokens.emplace(*tpm, 1min, std::max(1.0, *tpm / 60));
  }
  weights_[static_cast<std::size_t>(Verdict::none)] = 1;
  for (const Verdict v :
       {Verdict::retry, Verdict::move, Verdict::dead, Verdict::split, Verdict::refused}) {
    if (below(2) == 0) weights_[static_cast<std::size_t>(v)] = fraction() * fraction();
  }
  if (below(5) == 0) weights_[static_cast<std::size_t>(Verdict::stop)] = 0.01;
  if (below(8) == 0) weights_[static_cast<std::size_t>(Verdict::job)] = 0.005;
  rate_limit_share_ = below(2) == 0 ? fraction() : 0;
  to_submit_ = 1 + below(300);
  drain_after_ = below(4) == 0 ? below(300) : ~0ULL;
  spent_ = config_.spent;
  last_attempt_ = config_.first_attempt - 1;
}

void Referee::broken(const std::string& what) {
  if (broken_.empty())
    broken_ = what + " at " + std::to_string(now_.time_since_epoch().count()) + " ns";
}

std::string Referee::play() {
  int fruitless = 0;  // polls in a row, at the moment that the scheduler asked for, without action
  bool woken = false;
  core::Time polled = now_;
  while (broken_.empty()) {
    if (submitted_ < to_submit_ && open_.size() < 100 && below(3) != 0) submit_some();
    if (!over_ && ended_.size() >= drain_after_) {
      scheduler_.drain();
      over_ = true;
    }
    const std::size_t before = log_.size();
    poll();
    check_books();
    // What is bought is decided again by time alone: that may act on nothing, but not without a rest.
    const bool decided_again = buys() && now_ - polled >= Purchase::kAgain;
    polled = now_;
    fruitless = woken && log_.size() == before && !decided_again ? fruitless + 1 : 0;
    if (fruitless > 20) broken("many polls without an action");
    if (open_.empty() && flights_.empty() && submitted_ == to_submit_) break;
    woken = advance();
    while (!arrivals_.empty() && arrivals_.top().at <= now_ && broken_.empty()) {
      const Arrival arrival = arrivals_.top();
      arrivals_.pop();
      answer(arrival);
    }
  }
  if (broken_.empty() && ended_.size() != to_submit_) broken("not every request has ended");
  return broken_;
}

bool Referee::advance() {
  const std::optional<core::Time> wake = scheduler_.wake_at(now_);
  if (wake && *wake <= now_) broken("asks to be polled again at once");
  core::Time next = wake.value_or(core::Time::max());
  if (!arrivals_.empty()) next = std::min(next, arrivals_.top().at);
  if (next == core::Time::max() && !open_.empty())
    broken("work is open, nothing is in flight, and no wake-up is asked for");
  // While more is to come, it comes at moments of its own.
  if (submitted_ < to_submit_ && (next == core::Time::max() || below(2) == 0))
    next = std::min(next, now_ + core::Duration(1 + below(50'000'000)));
  // A poll decides again what is bought, and may act on it.
  if (next < core::Time::max() && !buys() && early_() % 4 == 0) poll_early(next);
  now_ = next;
  return wake && now_ == *wake;
}

void Referee::poll_early(core::Time named) {
  const core::Duration between = named - now_ - kRounding;
  if (between <= core::Duration(1)) return;
  const bool last_moment = early_() % 2 == 0;
  const auto steps = static_cast<std::uint64_t>(between.count());
  now_ += core::Duration(last_moment ? steps : 1 + early_() % steps);
  const std::size_t before = log_.size();
  poll();
  if (log_.size() != before)
    broken("acts " + std::to_string((named - now_).count()) +
           " ns before the moment that wake_at() has named");
}

void Referee::submit_some() {
  for (std::uint64_t n = 1 + below(20); n > 0 && submitted_ < to_submit_; --n) {
    Demand demand{.id = ++submitted_,
                  .prompt_bytes = static_cast<std::uint32_t>(4 * (1 + below(2000))),
                  .rows = static_cast<std::uint32_t>(1 + below(20))};
    if (below(20) == 0) demand.prompt_bytes *= 20;
    open_[demand.id].demand = demand;
    scheduler_.submitted(now_, demand);
  }
  if (early_() % 2 == 0)
    scheduler_.outlook({.requests_left = static_cast<double>(to_submit_ - submitted_)});
}

void Referee::poll() {
  std::vector<Action> actions;
  scheduler_.poll(now_, actions);
  const Snapshot s = scheduler_.snapshot(now_);
  for (EndpointId e = 0; e < sides_.size(); ++e) {
    if (!sides_[e].stopped && s.endpoints[e].stopped) stopped(e);
  }
  for (const Action& action : actions) {
    log_ += std::to_string(now_.time_since_epoch().count()) + " " + Harness::word(action) + "\n";
    std::visit([this](const auto& a) { see(a); }, action);
  }
  if (over_ && scheduler_.snapshot(now_).waiting != 0) broken("waits after a halt or drain");
}

void Referee::see(const Send& send) {
  const auto entry = open_.find(send.request);
  if (entry == open_.end()) return broken("sends a request that is not open");
  Open& request = entry->second;
  const EndpointConfig& config = config_.endpoints[send.endpoint];
  Side& side = sides_[send.endpoint];
  request.flights.insert(send.attempt);
  if (request.flights.size() > (config_.hedge ? 2U : 1U))
    broken("a request is in flight too often");
  if (over_) broken("sends after a halt or drain");
  if (config_.deadline && now_ >= *config_.deadline) broken("sends past the deadline");
  if (side.stopped) broken("sends to a stopped endpoint");
  if (now_ < side.not_before) broken("sends before the server's hint");
  if (request.hinted == send.endpoint && now_ < request.not_before)
    broken("sends a request before the server's hint to it");
  if (never_fits(request.demand, send.endpoint)) broken("sends where it can never fit");
  if (send.attempt != last_attempt_ + 1) broken("attempt ids do not ascend by one");
  last_attempt_ = send.attempt;

  if (++side.in_flight > config.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency))
    broken("max_concurrency is passed");
  if (side.requests && !side.requests->fits(now_, 1)) broken("requests per minute are passed");
  if (side.requests) side.requests->reserve(now_, 1);
  if (side.day && !side.day->fits(now_, 1)) broken("requests per day are passed");
  if (side.day) side.day->reserve(now_, 1);
  if (side.tokens && !side.tokens->fits(now_, tokens(request.demand)))
    broken("tokens per minute are passed");
  if (side.tokens) side.tokens->reserve(now_, tokens(request.demand));

  if (send.worst_cost != worst(request.demand, config)) broken("wrong worst cost");
  reserved_ += send.worst_cost;
  if (config_.budget && send.worst_cost > core::Money() && spent_ + reserved_ > *config_.budget)
    broken("the budget is passed");
  flights_[send.attempt] = {send, request.demand, false};
  arrivals_.push({now_ + core::Duration(1 + below(5'000'000'000)), ++arrived_, send.attempt,
                  random_outcome(request.demand)});
}

void Referee::answer(const Arrival& arrival) {
  const auto entry = flights_.find(arrival.attempt);
  if (entry == flights_.end()) return;  // cancelled, and that has been told
  const Send flight = entry->second.send;
  const Demand demand = entry->second.demand;
  const bool cancelled = entry->second.cancelled;
  flights_.erase(entry);
  const auto owner = open_.find(flight.request);
  Open* request = owner == open_.end() ? nullptr : &owner->second;
  if (request != nullptr) {
    request->flights.erase(flight.attempt);
  } else if (!cancelled) {
    broken("an attempt of a request that has ended was not cancelled");
  }
  Side& side = sides_[flight.endpoint];
  const provider::Outcome& outcome = arrival.outcome;
  const EndpointConfig& config = config_.endpoints[flight.endpoint];
  --side.in_flight;
  reserved_ -= flight.worst_cost;
  const bool possible = outcome.billing == provider::Billing::possible;
  const bool used = outcome.billing == provider::Billing::known;
  if (used) spent_ += provider::cost_of(outcome.usage, config.price);
  if (possible) spent_ += flight.worst_cost;
  const double units = tokens(demand);
  if (side.tokens) side.tokens->settle(now_, units, used || possible ? units : 0);
  if (outcome.status == 0 && outcome.billing == provider::Billing::none) {
    if (side.requests) side.requests->settle(now_, 1, 0);
    if (side.day) side.day->settle(now_, 1, 0);
  }

  // What comes back to a request that has ended is booked, and stops or cools nobody.
  const bool refused = outcome.cause == Cause::rate_limit;
  const bool again = outcome.action == Verdict::retry || outcome.action == Verdict::move;
  if (outcome.action == Verdict::move && !refused && outcome.hints.retry_after &&
      request != nullptr)
    side.not_before = std::max(side.not_before, now_ + *outcome.hints.retry_after);
  // A refusal's hint binds its request, until it has been elsewhere. (Whether refusals come
  // together, so that it binds the endpoint, is held by tests of rejections.h.)
  if (request != nullptr) {
    request->hinted.reset();
    if (again && refused && outcome.hints.retry_after && request->flights.empty()) {
      request->hinted = flight.endpoint;
      request->not_before = now_ + *outcome.hints.retry_after;
    }
  }
  if ((outcome.action == Verdict::retry || outcome.action == Verdict::move) &&
      outcome.cause != Cause::rate_limit &&
      (outcome.status != 0 || outcome.billing != provider::Billing::none)) {
    // A hedge is one more: it has been sent when the last of the others fails.
    if (request != nullptr) {
      request->sides.insert(flight.endpoint);
      if (++request->failures >= config_.retry.attempts && proven(*request)) ++request->overdue;
      if (request->overdue > (config_.hedge ? 2 : 1)) broken("more attempts than allowed");
    }
  }
  if (outcome.action == Verdict::stop) side.stopped = true;
  if (outcome.action == Verdict::none) {
    ++side.answers;
    side.refusals = 0;
    side.failing_since.reset();
  } else if (!side.failing_since) {
    side.failing_since = now_;
  }
  if (outcome.action == Verdict::refused && request != nullptr) {
    ++side.refusals;
    request->sides.insert(flight.endpoint);
  }
  if (outcome.action == Verdict::split && request != nullptr)
    request->sides.insert(flight.endpoint);
  if (request != nullptr)
    request->dead = outcome.action == Verdict::dead || outcome.action == Verdict::split;
  const Taken taken = scheduler_.answered(now_, flight.request, flight.attempt, outcome);
  if (taken == Taken::unknown) broken("does not know what it sent");
  const bool its = taken == Taken::wanted;
  if (its != (request != nullptr)) broken("wrong word on whose answer it is");
  if (its && outcome.action == Verdict::none) end(flight.request, "answered");
  if (!side.stopped && scheduler_.snapshot(now_).endpoints[flight.endpoint].stopped)
    stopped(flight.endpoint);
}

bool Referee::proven(const Open& request) const {
  return std::ranges::any_of(request.sides, [this](EndpointId e) { return sides_[e].answers > 0; });
}

void Referee::stopped(EndpointId endpoint) {
  Side& side = sides_[endpoint];
  side.stopped = true;
  const bool refuses = side.refusals >= (side.answers > 0 ? 100 : 20) ||
                       (side.answers == 0 && side.refusals > 0 && flights_.empty());
  const bool fails = side.answers == 0 && side.failing_since &&
                     now_ - *side.failing_since >= Health::kNeverAnswered;
  if (!refuses && !fails) broken("stops an endpoint without a reason");
}

// No endpoint here has batches.
void Referee::see(const Park&) {
  broken("parks a request");
}

void Referee::see(const Cancel& cancel) {
  const auto entry = flights_.find(cancel.attempt);
  if (entry == flights_.end()) return broken("cancels what is not in flight");
  Flight& flight = entry->second;
  if (flight.cancelled || flight.send.request != cancel.request ||
      flight.send.endpoint != cancel.endpoint || open_.contains(cancel.request))
    broken("cancels twice, under a wrong name, or what is still wanted");
  flight.cancelled = true;
  if (below(2) == 0) return;  // its answer comes first
  provider::Outcome outcome;
  outcome.action = Verdict::retry;
  outcome.cause = Cause::cancelled;
  outcome.billing = provider::Billing::possible;
  arrivals_.push({now_, ++arrived_, cancel.attempt, outcome});
}

void Referee::see(const RejectRequest& action) {
  const core::Reject& reject = action.reject;
  const auto entry = open_.find(action.request);
  if (entry != open_.end() && reject.reason == "too_large") {
    for (EndpointId e = 0; e < sides_.size(); ++e) {
      if (!never_fits(entry->second.demand, e)) broken("rejects as too large what fits");
    }
  }
  if (entry != open_.end() && reject.reason == "retries_exhausted") {
    if (entry->second.failures < config_.retry.attempts) broken("gives up early");
    if (reject.history.empty()) broken("gives up without a history");
  }
  if (entry != open_.end() && reject.reason == provider::cause_name(kFault) &&
      !entry->second.dead && !proven(entry->second))
    broken("rejects on the word of an endpoint that has answered nothing");
  end(action.request, "rejected");
}

void Referee::see(const SplitRequest& split) {
  const auto entry = open_.find(split.request);
  if (entry != open_.end() && entry->second.demand.rows < 2) broken("splits a single row");
  end(split.request, "split");
}

void Referee::see(const ReleaseRequest& release) {
  const auto entry = open_.find(release.request);
  if (!over_ && entry != open_.end()) {
    if (release.why.empty()) broken("releases before a halt or drain");
    for (EndpointId e = 0; e < sides_.size(); ++e) {
      if (!sides_[e].stopped && !never_fits(entry->second.demand, e) &&
          !entry->second.sides.contains(e))
        broken("releases what an endpoint could take");
    }
  }
  end(release.request, "released");
}

void Referee::see(const Halt& halt) {
  if (++halts_ > 1) broken("halts twice");
  if (halt.message.empty()) broken("halts without a word");
  if (halt.cause == HaltCause::budget && reserved_ != core::Money())
    broken("halts for money while some may come back");
  if (halt.cause == HaltCause::deadline && now_ < *config_.deadline) broken("halts before time");
  if (halt.cause == HaltCause::endpoints &&
      !std::ranges::all_of(sides_, [](const Side& s) { return s.stopped; }))
    broken("halts while an endpoint is left");
  over_ = true;
}

void Referee::end(RequestId id, const char* how) {
  const auto entry = open_.find(id);
  if (entry == open_.end()) return broken(std::string(how) + " twice, or never submitted");
  if (!entry->second.flights.empty() && !config_.hedge)
    broken(std::string(how) + " while in flight");
  open_.erase(entry);
  ended_.insert(id);
}

void Referee::check_books() {
  const Snapshot s = scheduler_.snapshot(now_);
  std::size_t flying = 0;
  for (const auto& [id, request] : open_) flying += request.flights.empty() ? 0 : 1;
  if (s.in_flight != flights_.size()) broken("wrong count in flight");
  if (s.waiting != open_.size() - flying) broken("wrong count waiting");
  if (s.reserved != reserved_) broken("wrong sum reserved");
  if (s.spent != spent_) broken("wrong sum spent");
  for (std::size_t e = 0; e < sides_.size(); ++e) {
    if (s.endpoints[e].in_flight != sides_[e].in_flight) broken("a slot is held or lost");
    if (s.endpoints[e].stopped != sides_[e].stopped) broken("wrong word on who is stopped");
  }
}

core::Money Referee::worst(const Demand& demand, const EndpointConfig& e) const {
  return e.price.input * (demand.prompt_bytes + 64) +
         e.price.output * static_cast<std::uint64_t>(*e.max_output_tokens);
}

double Referee::tokens(const Demand& demand) const {
  return demand.prompt_bytes / 4.0 + demand.rows * static_cast<double>(kRowTokens);
}

bool Referee::never_fits(const Demand& demand, EndpointId e) const {
  return tokens(demand) > config_.endpoints[e].limits[Quota::tokens_per_minute].value_or(1e18);
}

}  // namespace sluice::schedule
