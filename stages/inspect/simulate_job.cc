#include "inspect/simulate_job.h"

#include <algorithm>
#include <cmath>

#include "observe/limit_tally.h"
#include "plan/model.h"
#include "plan/ways.h"
#include "schedule/quota.h"

namespace sluice::inspect {
namespace {

constexpr double kPoints = 400;  // of a timeline
// As the display of a run sees it (cli/words/monitor.h).
observe::EndpointSample sample_of(const schedule::EndpointConfig& config,
                                  const schedule::EndpointState& state) {
  return {
      .name = config.name,
      .usable = state.breaker != schedule::BreakerState::open && !state.stopped,
      .in_flight = state.in_flight,
      .cap = state.cap,
      .max_concurrency = config.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency),
      .quota_used = state.quota_used.value_or(0),
      .quota = state.most_used ? std::string(schedule::quota_name(*state.most_used)) : "",
      .learned_per_minute = state.learned_per_minute};
}

class Recorder final : public simulate::Watcher {
 public:
  Recorder(const plan::Model& model, double rows_a_request, double expected_seconds)
      : model_(model),
        rows_(rows_a_request * model.scale),
        every_(std::chrono::duration_cast<core::Duration>(
            std::chrono::duration<double>(std::max(0.05, expected_seconds / kPoints)))) {}

  void answered(core::Time, const schedule::Send&, const provider::Outcome& outcome) override {
    if (outcome.status == 429 || outcome.status == 503) ++refused_;
    if (outcome.action != provider::Action::none) return;
    ++answered_;
    input_ += outcome.usage.input;
    output_ += outcome.usage.output;
  }

  void polled(core::Time now, const schedule::Scheduler& scheduler) override {
    if (now < due_) return;
    due_ = now + every_;
    const schedule::Snapshot snapshot = scheduler.snapshot(now);
    TimelineLine point;
    point.at = core::in_seconds(now - core::Time());
    point.rows = static_cast<std::uint64_t>(static_cast<double>(answered_) * rows_);
    point.spent = snapshot.spent.dollars() * model_.scale;
    point.input_tokens = scaled(input_);
    point.output_tokens = scaled(output_);
    point.in_flight = scaled(snapshot.in_flight);
    point.waiting = scaled(snapshot.waiting);
    point.refused = scaled(refused_);
    observe::Sample sample{.waiting = snapshot.waiting, .endpoints = {}};
    for (std::size_t e = 0; e < snapshot.endpoints.size(); ++e) {
      const schedule::EndpointConfig& config = model_.config.endpoints[e];
      const schedule::EndpointState& state = snapshot.endpoints[e];
      sample.endpoints.push_back(sample_of(config, state));
      TimelineLineEndpoint seen;
      seen.name = config.name;
      seen.in_flight = static_cast<int>(scaled(static_cast<std::uint64_t>(state.in_flight)));
      seen.cap = static_cast<int>(scaled(static_cast<std::uint64_t>(state.cap)));
      seen.refused = scaled(state.rate_limited);
      seen.failed = scaled(state.failed);
      point.endpoints.push_back(std::move(seen));
    }
    point.limit = observe::binding_text(sample);
    most_in_flight = std::max(most_in_flight, static_cast<double>(point.in_flight));
    timeline.push_back(std::move(point));
    // A job that takes far longer than was expected has no more points for that.
    if (timeline.size() < 3 * static_cast<std::size_t>(kPoints)) return;
    for (std::size_t i = 1; 2 * i < timeline.size(); ++i) timeline[i] = std::move(timeline[2 * i]);
    timeline.resize(timeline.size() / 2);
    every_ *= 2;
  }

  std::vector<TimelineLine> timeline;
  double most_in_flight = 0;

 private:
  std::uint64_t scaled(std::uint64_t count) const {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(count) * model_.scale));
  }

  const plan::Model& model_;
  const double rows_;
  core::Duration every_;
  core::Time due_{};
  std::uint64_t answered_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t input_ = 0;
  std::uint64_t output_ = 0;
};

}  // namespace

SimulatedJob simulate_job(const plan::Job& job, std::uint64_t seed, double most) {
  const plan::Model model = plan::model_of(job, seed, most);
  const plan::Plan plan = plan::make_plan(job);
  // Rows that are asked again count once.
  const double rows_a_request =
      job.work.requests.value > 0 ? job.work.rows / job.work.requests.value : 1;
  Recorder recorder(model, rows_a_request, plan.ways.front().seconds.value);
  SimulatedJob done;
  done.report = simulate::simulate(model.config, model.servers, model.workload, seed, recorder);
  done.scale = model.scale;
  done.seconds = core::in_seconds(done.report.elapsed);
  done.dollars = done.report.spent.dollars() * model.scale;
  for (std::size_t e = 0; e < model.config.endpoints.size(); ++e) {
    const double per_hour = job.endpoints[e].dollars_per_hour;
    done.dollars += per_hour * done.seconds / 3600;
    done.answered.push_back(static_cast<double>(done.report.endpoints[e].answered) * model.scale);
  }
  done.requests = static_cast<double>(done.report.answered) * model.scale;
  done.unanswered = std::max(0.0, job.work.requests.value - done.requests);
  done.refused = static_cast<double>(done.report.rate_limited) * model.scale;
  done.most_in_flight = recorder.most_in_flight;
  done.timeline = std::move(recorder.timeline);
  TimelineLine last;
  if (!done.timeline.empty()) last = done.timeline.back();
  last.at = done.seconds;
  last.run = "finished";
  last.rows = static_cast<std::uint64_t>(done.requests * rows_a_request);
  last.spent = done.dollars;
  last.in_flight = 0;
  last.limit.clear();
  done.timeline.push_back(std::move(last));
  return done;
}

}  // namespace sluice::inspect
