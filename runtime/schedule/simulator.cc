#include "schedule/simulator.h"

#include <queue>
#include <vector>

#include "schedule/model_server.h"

namespace sluice::schedule {
namespace {

struct Arrival {
  core::Time at;
  std::uint64_t number = 0;  // so that equal times keep their order
  RequestId request = 0;
  AttemptId attempt = 0;
  provider::Outcome outcome;
};
struct Later {
  bool operator()(const Arrival& a, const Arrival& b) const {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }
};

class Simulation {
 public:
  Simulation(const Config& config, std::span<const ModelEndpoint> endpoints,
             const Workload& workload, std::uint64_t seed, const Watch& watch)
      : scheduler_(config), workload_(workload), watch_(watch) {
    for (const ModelEndpoint& endpoint : endpoints) servers_.emplace_back(endpoint, ++seed);
  }

  SimulationReport run() {
    while (step()) {
    }
    report_.elapsed = now_ - core::Time{};
    report_.spent = scheduler_.snapshot(now_).spent;
    return report_;
  }

 private:
  // One moment; then time moves to the next. False at the end.
  bool step() {
    while (!report_.halt && submitted_ < workload_.requests && open_ < workload_.open) {
      scheduler_.submitted(now_, demand(++submitted_));
      ++open_;
    }
    actions_.clear();
    scheduler_.poll(now_, actions_);
    for (const Action& action : actions_) {
      if (watch_) watch_(now_, action);
      std::visit([this](const auto& a) { act(a); }, action);
    }
    if (open_ == 0) return !report_.halt && submitted_ < workload_.requests;

    const std::optional<core::Time> wake = scheduler_.wake_at(now_);
    if (arrivals_.empty() && (!wake || (*wake <= now_ && actions_.empty()))) {
      report_.stalled = true;
      return false;
    }
    if (arrivals_.empty() || (wake && *wake < arrivals_.top().at)) {
      now_ = *wake;
      return true;
    }
    now_ = arrivals_.top().at;
    for (; !arrivals_.empty() && arrivals_.top().at == now_; arrivals_.pop()) {
      const Arrival& arrival = arrivals_.top();
      count(arrival.outcome);
      scheduler_.answered(now_, arrival.request, arrival.attempt, arrival.outcome);
    }
    return true;
  }

  Demand demand(RequestId id) const {
    return {.id = id, .prompt_bytes = workload_.prompt_bytes, .rows = workload_.rows};
  }

  void act(const Send& send) {
    ++report_.sent;
    auto reply = servers_[send.endpoint].take(now_, demand(send.request));
    arrivals_.push({now_ + reply.after, report_.sent, send.request, send.attempt,
                    std::move(reply.outcome)});
  }
  void act(const Cancel&) {}
  void act(const RejectRequest&) {
    ++report_.rejected;
    --open_;
  }
  // No modelled server asks for a split; the requests here are alike.
  void act(const SplitRequest&) { --open_; }
  void act(const ReleaseRequest&) {
    ++report_.released;
    --open_;
  }
  void act(const Halt& halt) { report_.halt = halt; }

  void count(const provider::Outcome& outcome) {
    if (outcome.reason == "rate_limit") ++report_.rate_limited;
    if (outcome.billing == provider::Billing::possible) ++report_.lost;
    if (outcome.action != provider::Action::none) return;
    ++report_.answered;
    report_.input_tokens += outcome.usage.input;
    report_.output_tokens += outcome.usage.output;
    --open_;
  }

  Scheduler scheduler_;
  Workload workload_;
  const Watch& watch_;
  std::vector<ModelServer> servers_;
  std::priority_queue<Arrival, std::vector<Arrival>, Later> arrivals_;
  std::vector<Action> actions_;
  core::Time now_{};
  std::uint64_t submitted_ = 0;
  std::uint64_t open_ = 0;
  SimulationReport report_;
};

}  // namespace

SimulationReport simulate(const Config& config, std::span<const ModelEndpoint> endpoints,
                          const Workload& workload, std::uint64_t seed, const Watch& watch) {
  return Simulation(config, endpoints, workload, seed, watch).run();
}

}  // namespace sluice::schedule
