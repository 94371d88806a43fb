#include "simulate/simulator.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "schedule/parking.h"
#include "simulate/batches.h"
#include "simulate/random.h"
#include "simulate/server.h"

namespace sluice::simulate {
namespace {

// So many wake-ups in a row without an action or an answer are a scheduler that runs on the spot.
constexpr int kIdleWakes = 1000;
// Whether batches are late is asked so often, and in the last minutes before the deadline.
constexpr core::Duration kLook = std::chrono::seconds(60);
constexpr core::Duration kLastLook = std::chrono::seconds(5);
constexpr core::Duration kLastMinutes = std::chrono::minutes(15);
// Rows of a batch that was given up are asked online (Demand::batches).
constexpr std::uint32_t kNoMoreBatches = 2;

struct Arrival {
  core::Time at;
  std::uint64_t number = 0;  // so that equal times keep their order
  schedule::Send of;
  provider::Outcome outcome;
};
struct Later {
  bool operator()(const Arrival& a, const Arrival& b) const {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }
};

class Simulation {
 public:
  Simulation(const schedule::Config& config, std::span<const ServerSpec> endpoints,
             const Workload& workload, std::uint64_t seed, Watcher& watcher)
      : config_(config),
        scheduler_(config),
        workload_(workload),
        watcher_(watcher),
        seed_(seed),
        batches_(endpoints, config.deadline, seed) {
    servers_.reserve(endpoints.size());
    for (std::size_t e = 0; e < endpoints.size(); ++e)
      servers_.emplace_back(endpoints[e], config.endpoints[e].max_output_tokens, ++seed);
    report_.endpoints.resize(endpoints.size());
  }

  SimulationReport run() {
    while (step()) {
    }
    report_.elapsed = now_ - core::Time{};
    report_.spent = scheduler_.snapshot(now_).spent;
    report_.batches = batches_.made();
    report_.left_in_batches = batches_.lines();
    return report_;
  }

 private:
  // One moment; then time moves to the next. False at the end.
  bool step() {
    collect_batches();
    give_up_batches();
    submit();
    if (!draining_ && workload_.drain_after && now_ >= core::Time(*workload_.drain_after)) {
      draining_ = true;
      watcher_.drained(now_);
      scheduler_.drain();
    }
    actions_.clear();
    scheduler_.poll(now_, actions_);
    for (const schedule::Action& action : actions_) {
      watcher_.acted(now_, action);
      std::visit([this](const auto& a) { act(a); }, action);
    }
    watcher_.polled(now_, scheduler_);
    if (!more()) batches_.seal_all(now_);
    const bool batches_matter = !batches_.empty() && !report_.halt && !draining_;
    if (open_ == 0 && flying_ == 0 && !more() && !batches_matter) return false;
    return pass_time();
  }

  bool more() const { return !report_.halt && !draining_ && submitted_ < workload_.requests; }

  // When the next request comes in, as far as time alone decides.
  std::optional<core::Time> next_input() const {
    if (!more() || open_ >= workload_.open) return std::nullopt;
    if (!workload_.per_second) return now_;
    return core::Time(core::Duration(
        std::llround(static_cast<double>(submitted_) * 1e9 / *workload_.per_second)));
  }

  void submit() {
    for (auto at = next_input(); at && *at <= now_; at = next_input()) submit(++submitted_, 0);
    if (workload_.outlook)
      scheduler_.outlook(
          {static_cast<double>(workload_.requests - submitted_) * *workload_.outlook});
  }

  void submit(schedule::RequestId id, std::uint32_t batches) {
    schedule::Demand demand = demand_of(id).first;
    demand.batches = batches;
    if (batches > 0) stood_in_[id] = batches;
    watcher_.submitted(now_, demand);
    scheduler_.submitted(now_, demand);
    ++open_;
  }

  void collect_batches() {
    for (const Batches::Ended& ended : batches_.pass(now_)) {
      const core::Price& price = config_.endpoints[ended.endpoint].price;
      core::Money worst;
      core::Money cost;
      for (const Batches::Line& line : ended.answered) {
        worst += line.worst_cost;
        const auto [demand, output_factor] = demand_of(line.request);
        const provider::Usage usage = servers_[ended.endpoint].usage_of(demand, output_factor);
        cost += provider::cost_of(usage, price);
        count_answer(usage);
        report_.endpoints[ended.endpoint].tokens += usage.input + usage.output;
      }
      report_.endpoints[ended.endpoint].answered += ended.answered.size();
      for (const Batches::Line& line : ended.unanswered) worst += line.worst_cost;
      report_.in_batch += ended.answered.size();
      scheduler_.collected(ended.endpoint, ended.answered.size() + ended.unanswered.size(), worst,
                           cost);
      for (const Batches::Line& line : ended.unanswered)
        submit(line.request, ended.cancelled ? kNoMoreBatches : line.batches + 1);
    }
  }

  std::uint32_t batches_before(schedule::RequestId id) const {
    const auto found = stood_in_.find(id);
    return found == stood_in_.end() ? 0 : found->second;
  }

  void give_up_batches() {
    if (!config_.deadline || now_ < look_at_ || batches_.empty()) return;
    const bool last_minutes = *config_.deadline - now_ <= kLastMinutes;
    look_at_ = now_ + (last_minutes ? kLastLook : kLook);
    const schedule::Snapshot online = scheduler_.snapshot(now_);
    if (online.online_per_second <= 0) return;
    const std::vector<schedule::OpenBatch> open = batches_.open(now_);
    for (const std::size_t i : schedule::late_batches(
             open, static_cast<double>(online.waiting + online.in_flight), online.online_per_second,
             core::in_seconds(*config_.deadline - now_))) {
      batches_.cancel(now_, i);
      ++report_.given_up;
    }
  }

  // What a request asks for, and how much longer than usual its answer is: always the same.
  std::pair<schedule::Demand, double> demand_of(schedule::RequestId id) const {
    Random random(seed_, id);
    schedule::Demand demand{
        .id = id, .prompt_bytes = workload_.prompt_bytes, .rows = workload_.rows};
    if (workload_.prompt_sigma > 0) {
      const double bytes = workload_.prompt_bytes * random.log_normal(workload_.prompt_sigma);
      demand.prompt_bytes = static_cast<std::uint32_t>(
          std::clamp<double>(bytes, workload_.least_prompt, workload_.most_prompt));
    }
    return {demand, random.log_normal(workload_.output_sigma)};
  }

  bool pass_time() {
    const std::optional<core::Time> wake = scheduler_.wake_at(now_);
    if (wake && *wake <= now_) {
      report_.busy = true;
      return false;
    }
    core::Time next = wake.value_or(core::Time::max());
    if (!arrivals_.empty()) next = std::min(next, arrivals_.top().at);
    if (const auto input = next_input()) next = std::min(next, std::max(now_, *input));
    if (const auto batch = batches_.next()) {
      next = std::min(next, std::max(now_, *batch));
      if (config_.deadline) next = std::min(next, std::max(now_, look_at_));
    }
    if (workload_.drain_after && !draining_)
      next = std::min(next, core::Time(*workload_.drain_after));
    if (next == core::Time::max()) {
      report_.stalled = true;
      return false;
    }
    const bool nothing_else = wake && next == *wake && actions_.empty();
    idle_wakes_ = nothing_else ? idle_wakes_ + 1 : 0;
    if (idle_wakes_ > kIdleWakes) {
      report_.busy = true;
      return false;
    }
    if (const auto& asleep = workload_.asleep;
        asleep && next >= core::Time(asleep->from) && next < core::Time(asleep->to))
      next = core::Time(asleep->to);
    now_ = next;
    while (!arrivals_.empty() && arrivals_.top().at <= now_) arrive();
    return true;
  }

  void arrive() {
    const Arrival arrival = arrivals_.top();
    arrivals_.pop();
    if (arrival.outcome.cause != provider::Cause::cancelled &&
        cancelled_.erase(arrival.of.attempt) > 0)
      return;
    --flying_;
    watcher_.answered(now_, arrival.of, arrival.outcome);
    const bool its = scheduler_.answered(now_, arrival.of.request, arrival.of.attempt,
                                         arrival.outcome) == schedule::Taken::wanted;
    count(arrival, its);
  }

  void act(const schedule::Send& send) {
    ++flying_;
    ++report_.sent;
    ++report_.endpoints[send.endpoint].sent;
    const auto [demand, output_factor] = demand_of(send.request);
    auto reply = servers_[send.endpoint].take(now_, demand, output_factor);
    arrivals_.push({now_ + reply.after, ++arrived_, send, std::move(reply.outcome)});
  }
  // The server knows nothing of it and works on; its answer finds nobody.
  void act(const schedule::Cancel& cancel) {
    ++report_.cancelled;
    cancelled_.insert(cancel.attempt);
    provider::Outcome outcome;
    outcome.action = provider::Action::retry;
    outcome.cause = provider::Cause::cancelled;
    outcome.billing = provider::Billing::possible;
    arrivals_.push({now_,
                    ++arrived_,
                    {.request = cancel.request,
                     .attempt = cancel.attempt,
                     .endpoint = cancel.endpoint,
                     .worst_cost = {}},
                    std::move(outcome)});
  }
  void act(const schedule::Park& park) {
    ++report_.parked;
    --open_;
    batches_.park(now_, park.endpoint,
                  {.request = park.request,
                   .batches = batches_before(park.request),
                   .worst_cost = park.worst_cost});
  }
  void act(const schedule::RejectRequest&) {
    ++report_.rejected;
    --open_;
  }
  // No modelled server asks for a split; the requests here stand for themselves.
  void act(const schedule::SplitRequest&) { --open_; }
  void act(const schedule::ReleaseRequest&) {
    ++report_.released;
    --open_;
  }
  void act(const schedule::Halt& halt) { report_.halt = halt; }

  void count(const Arrival& arrival, bool its) {
    const provider::Outcome& outcome = arrival.outcome;
    EndpointCounts& endpoint = report_.endpoints[arrival.of.endpoint];
    if (outcome.status == 429 || outcome.status == 503) {
      ++report_.rate_limited;
      ++endpoint.rate_limited;
    }
    if (outcome.billing == provider::Billing::possible &&
        outcome.cause != provider::Cause::cancelled)
      ++report_.lost;
    if (outcome.action != provider::Action::none) return;
    ++endpoint.answered;
    endpoint.tokens += outcome.usage.input + outcome.usage.output;
    if (!its) return;
    count_answer(outcome.usage);
    --open_;
  }

  void count_answer(const provider::Usage& usage) {
    ++report_.answered;
    report_.input_tokens += usage.input;
    report_.output_tokens += usage.output;
  }

  const schedule::Config& config_;
  schedule::Scheduler scheduler_;
  Workload workload_;
  Watcher& watcher_;
  std::uint64_t seed_;
  std::vector<Server> servers_;
  Batches batches_;
  std::unordered_map<schedule::RequestId, std::uint32_t> stood_in_;  // batches; of those in any
  core::Time look_at_{};  // when it is looked for late batches again
  std::priority_queue<Arrival, std::vector<Arrival>, Later> arrivals_;
  std::unordered_set<schedule::AttemptId> cancelled_;  // whose answers are still on their way
  std::vector<schedule::Action> actions_;
  core::Time now_{};
  std::uint64_t submitted_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t flying_ = 0;  // attempts sent, whose end the scheduler has not been told
  std::uint64_t arrived_ = 0;
  int idle_wakes_ = 0;
  bool draining_ = false;
  SimulationReport report_;
};

class WatchActions final : public Watcher {
 public:
  explicit WatchActions(const Watch& watch) : watch_(watch) {}
  void acted(core::Time now, const schedule::Action& action) override {
    if (watch_) watch_(now, action);
  }

 private:
  const Watch& watch_;
};

}  // namespace

SimulationReport simulate(const schedule::Config& config, std::span<const ServerSpec> endpoints,
                          const Workload& workload, std::uint64_t seed, Watcher& watcher) {
  return Simulation(config, endpoints, workload, seed, watcher).run();
}

SimulationReport simulate(const schedule::Config& config, std::span<const ServerSpec> endpoints,
                          const Workload& workload, std::uint64_t seed, const Watch& watch) {
  WatchActions watcher(watch);
  return simulate(config, endpoints, workload, seed, watcher);
}

}  // namespace sluice::simulate
