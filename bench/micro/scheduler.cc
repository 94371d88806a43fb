// One request's way through the scheduler in a steady run: virtual time, 100 ms of latency, 200 in
// flight and as many waiting. Each is polled for alone, which is the worst that can happen: the
// dispatcher polls once for all that comes in one turn of its loop.
#include "schedule/scheduler.h"

#include <deque>

#include "micro/measure.h"

namespace sluice::bench {
namespace {

using namespace std::chrono_literals;
using provider::Quota;

constexpr int kInFlight = 200;
constexpr std::size_t kWaiting = 200;

class Course {
 public:
  explicit Course(const provider::Limits& limits) : scheduler_(config(limits)) {
    while (requests_ < kWaiting) submit();
    send();
    // An endpoint whose quotas nobody knows climbs to its cap.
    for (int i = 0; i < 20'000; ++i) step();
  }

  // The oldest in flight is answered, and another request comes.
  void step() {
    if (in_flight_.empty()) {
      now_ += 1ms;
    } else {
      const Flying oldest = in_flight_.front();
      in_flight_.pop_front();
      now_ = std::max(now_, oldest.sent + 100ms);
      scheduler_.answered(now_, oldest.send.request, oldest.send.attempt, outcome_);
      submit();
    }
    send();
  }
  std::size_t in_flight() const { return in_flight_.size(); }

 private:
  struct Flying {
    core::Time sent;
    schedule::Send send;
  };

  static schedule::Config config(const provider::Limits& limits) {
    schedule::EndpointConfig endpoint;
    endpoint.name = "a";
    endpoint.limits = limits;
    endpoint.limits.max_concurrency = kInFlight;
    schedule::Config config;
    config.endpoints = {endpoint};
    return config;
  }

  static provider::Outcome answer() {
    provider::Outcome outcome;
    outcome.status = 200;
    outcome.billing = provider::Billing::known;
    outcome.usage = {.input = 146, .cached_input = 0, .output = 12, .reasoning = 0};
    return outcome;
  }

  void submit() { scheduler_.submitted(now_, {.id = ++requests_, .prompt_bytes = 700, .rows = 1}); }

  void send() {
    actions_.clear();
    scheduler_.poll(now_, actions_);
    for (const schedule::Action& action : actions_) {
      if (const auto* send = std::get_if<schedule::Send>(&action))
        in_flight_.push_back({now_, *send});
    }
    benchmark::DoNotOptimize(scheduler_.wake_at(now_));
  }

  schedule::Scheduler scheduler_;
  const provider::Outcome outcome_ = answer();
  core::Time now_{1h};
  schedule::RequestId requests_ = 0;
  std::deque<Flying> in_flight_;
  std::vector<schedule::Action> actions_;
};

void run(benchmark::State& state, const provider::Limits& limits) {
  Course course(limits);
  if (course.in_flight() < kInFlight / 2) return state.SkipWithError("too few in flight");
  for (auto _ : state) course.step();
  state.counters["in_flight"] = static_cast<double>(course.in_flight());
  report_rows(state, 1);
}

void scheduler_no_quota(benchmark::State& state) {
  run(state, {});
}
BENCHMARK(scheduler_no_quota);

// Quotas that are known and far enough away that all slots are in use.
void scheduler_rpm_tpm(benchmark::State& state) {
  provider::Limits limits;
  limits[Quota::requests_per_minute] = 300'000;
  limits[Quota::tokens_per_minute] = 300e6;
  run(state, limits);
}
BENCHMARK(scheduler_rpm_tpm);

}  // namespace
}  // namespace sluice::bench
