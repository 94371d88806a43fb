#include "words/run_timeline.h"

#include <algorithm>
#include <chrono>

namespace sluice::words {
namespace {

double unix_seconds(core::WallTime time) {
  using Milliseconds = std::chrono::duration<std::int64_t, std::milli>;
  return static_cast<double>(
             std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count()) /
         1000;
}

std::optional<double> milliseconds(const std::optional<core::Duration>& time) {
  if (!time) return std::nullopt;
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(*time).count());
}

// The job's, with what the run has brought so far.
void take_figures(inspect::TimelineLine& point, const job::Progress& progress) {
  const store::EndpointLedger total = progress.account.total();
  point.rows = progress.account.rows_answered + progress.account.rows_rejected;
  point.rejected = progress.account.rows_rejected;
  point.spent = total.cost.dollars();
  point.input_tokens = total.usage.input;
  point.output_tokens = total.usage.output;
}

inspect::TimelineLineEndpoint endpoint_of(const provider::EndpointSpec& spec,
                                          const schedule::EndpointState& state,
                                          const store::Account& account) {
  const auto ledger = std::ranges::find(account.endpoints, spec.name, &store::EndpointLedger::name);
  return {.name = spec.name,
          .in_flight = state.in_flight,
          .cap = state.cap,
          .mean_ms = milliseconds(state.mean),
          .median_ms = milliseconds(state.median),
          .tail_ms = milliseconds(state.tail),
          .answered = ledger == account.endpoints.end() ? 0 : ledger->answered,
          .refused = state.rate_limited,
          .failed = state.failed,
          .quota_used = state.quota_used,
          .learned_per_minute = state.learned_per_minute};
}

// Of the endpoints, and of this run.
void take_endpoints(inspect::TimelineLine& point, const stages::PipelineSpec& spec,
                    const job::Progress& progress) {
  const auto& states = progress.dispatch.schedule.endpoints;
  point.refused = 0;
  point.failed = 0;
  point.endpoints.clear();
  for (std::size_t e = 0; e < states.size(); ++e) {
    point.endpoints.push_back(endpoint_of(spec.dispatch.endpoints[e], states[e], progress.account));
    point.refused += point.endpoints.back().refused;
    point.failed += point.endpoints.back().failed;
  }
}

}  // namespace

RunTimeline::RunTimeline(const stages::PipelineSpec& spec, std::string_view version)
    : spec_(spec), writer_(spec.checkpoint.directory) {
  inspect::TimelineLine first;
  first.run = "started";
  first.version = version;
  add(std::move(first));
}

void RunTimeline::look(const observe::View& view, const job::Progress& progress,
                       const std::string& limit) {
  const core::Time now = clock_.now();
  if (!inspect::timeline_due(now - started_, now - last_)) return;
  last_ = now;
  const schedule::Snapshot& schedule = progress.dispatch.schedule;
  latest_ = {};
  take_figures(latest_, progress);
  latest_.total = view.rows_total;
  latest_.in_flight = schedule.in_flight;
  latest_.waiting = schedule.waiting;
  latest_.limit = limit;
  if (view.batches)
    latest_.batches = {view.batches->out, view.batches->requests, view.batches->done};
  take_endpoints(latest_, spec_, progress);
  add(latest_);
}

void RunTimeline::ended(const job::RunResult& result) {
  inspect::TimelineLine last = latest_;
  last.run = result.error ? "failed" : result.end == job::RunEnd::finished ? "finished" : "stopped";
  last.why = result.why;
  last.limit.clear();
  last.in_flight = 0;
  last.waiting = 0;
  take_endpoints(last, spec_, result.progress);
  take_figures(last, result.progress);
  add(std::move(last));
}

void RunTimeline::add(inspect::TimelineLine point) {
  point.at = unix_seconds(clock_.wall_now());
  writer_.add(point);
}

}  // namespace sluice::words
