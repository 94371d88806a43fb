// The course of a simulated run, second by second, for claims about when and how fast.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "simulate/simulator.h"

namespace sluice::schedule {

// More work than there is time for.
inline simulate::Workload endless(core::Duration lasting) {
  simulate::Workload workload;
  workload.requests = 1'000'000'000;
  workload.open = 60'000;
  workload.drain_after = lasting;
  return workload;
}

class Course final : public simulate::Watcher {
 public:
  struct Second {
    std::vector<std::uint64_t> sent;      // by endpoint
    std::vector<std::uint64_t> answered;  // with 200
    std::vector<std::uint64_t> refused;   // with 429 or 503
    std::vector<std::uint64_t> tokens;    // of requests that were sent in it and answered
    std::vector<int> cap;                 // at its end
    std::vector<BreakerState> breaker;
    std::vector<double> learned;  // requests a second; 0 = free
  };

  simulate::SimulationReport run(const Config& config,
                                 const std::vector<simulate::ServerSpec>& endpoints,
                                 const simulate::Workload& workload, std::uint64_t seed) {
    endpoints_ = endpoints.size();
    seconds_.clear();
    sent_at_.clear();
    next_look_ = {};
    return simulate::simulate(config, endpoints, workload, seed, *this);
  }

  const std::vector<Second>& seconds() const { return seconds_; }
  const Second& at(std::size_t second) const { return seconds_.at(second); }

  // The sum of one column over [from, to) for one endpoint, or for all.
  std::uint64_t sum(std::vector<std::uint64_t> Second::* column, std::size_t from, std::size_t to,
                    std::optional<std::size_t> endpoint = std::nullopt) const {
    std::uint64_t total = 0;
    for (std::size_t s = from; s < std::min(to, seconds_.size()); ++s) {
      const auto& values = seconds_[s].*column;
      for (std::size_t e = 0; e < values.size(); ++e) {
        if (!endpoint || e == *endpoint) total += values[e];
      }
    }
    return total;
  }
  // The mean number of answers a second.
  double rate(std::size_t from, std::size_t to,
              std::optional<std::size_t> endpoint = std::nullopt) const {
    return static_cast<double>(sum(&Second::answered, from, to, endpoint)) /
           static_cast<double>(to - from);
  }
  // The first second in which the endpoint's breaker was open at its end.
  std::optional<std::size_t> opened(std::size_t endpoint) const {
    for (std::size_t s = 0; s < seconds_.size(); ++s) {
      if (seconds_[s].breaker[endpoint] == BreakerState::open) return s;
    }
    return std::nullopt;
  }

 private:
  Second& second(core::Time now) {
    const auto s = static_cast<std::size_t>(now.time_since_epoch() / std::chrono::seconds(1));
    while (seconds_.size() <= s) {
      Second next;
      next.sent.resize(endpoints_);
      next.answered.resize(endpoints_);
      next.refused.resize(endpoints_);
      next.tokens.resize(endpoints_);
      next.learned.resize(endpoints_);
      next.cap = seconds_.empty() ? std::vector<int>(endpoints_) : seconds_.back().cap;
      next.breaker =
          seconds_.empty() ? std::vector<BreakerState>(endpoints_) : seconds_.back().breaker;
      seconds_.push_back(std::move(next));
    }
    return seconds_[s];
  }

  void acted(core::Time now, const Action& action) override {
    const auto* send = std::get_if<Send>(&action);
    if (send == nullptr) return;
    ++second(now).sent[send->endpoint];
    sent_at_[send->attempt] = now;
  }
  void answered(core::Time now, const Send& of, const provider::Outcome& outcome) override {
    const core::Time sent_at = sent_at_[of.attempt];
    sent_at_.erase(of.attempt);
    if (outcome.status == 200) {
      ++second(now).answered[of.endpoint];
      second(sent_at).tokens[of.endpoint] += outcome.usage.input + outcome.usage.output;
    } else if (outcome.status == 429 || outcome.status == 503) {
      ++second(now).refused[of.endpoint];
    }
  }
  void polled(core::Time now, const Scheduler& scheduler) override {
    if (now < next_look_) return;
    next_look_ = now + std::chrono::milliseconds(250);
    const Snapshot s = scheduler.snapshot(now);
    Second& here = second(now);
    for (std::size_t e = 0; e < endpoints_; ++e) {
      here.learned[e] = s.endpoints[e].learned_per_minute.value_or(0) / 60;
      here.cap[e] = s.endpoints[e].cap;
      here.breaker[e] = s.endpoints[e].breaker;
    }
  }

  std::size_t endpoints_ = 0;
  std::vector<Second> seconds_;
  std::map<AttemptId, core::Time> sent_at_;
  core::Time next_look_{};
};

}  // namespace sluice::schedule
