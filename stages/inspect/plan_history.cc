#include "inspect/plan_history.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "checkpoint/view.h"
#include "inspect/timeline.h"
#include "stages/question.h"

namespace sluice::inspect {
namespace {

// 95 % of a normal distribution lie below so many standard deviations.
constexpr double kTail = 1.645;

void add_ledger(EndpointHistory& history, const store::EndpointLedger& ledger) {
  history.answered = ledger.answered;
  if (ledger.answered == 0) return;
  const auto each = static_cast<double>(ledger.answered);
  const auto without = [](std::uint64_t all, std::uint64_t failed) {
    return static_cast<double>(all - std::min(all, failed));
  };
  history.input_tokens = without(ledger.usage.input, ledger.failed_usage.input) / each;
  history.cached_tokens =
      without(ledger.usage.cached_input, ledger.failed_usage.cached_input) / each;
  history.output_tokens = without(ledger.usage.output, ledger.failed_usage.output) / each;
  history.dollars = ledger.cost.dollars() / each;
}

// What one run shows of an endpoint's speed: while requests wait for it, or are in flight in numbers.
struct Speed {
  double seconds = 0;
  double answered = 0;
  double in_flight = 0;  // times seconds
  std::optional<double> least_mean;
  std::optional<double> at;  // the point before
  double answered_at = 0;
  double in_flight_at = 0;

  void add(double now, const TimelineEndpoint& seen) {
    if (at && in_flight_at >= kFewestInFlight && seen.in_flight >= kFewestInFlight) {
      seconds += now - *at;
      answered += seen.answered - answered_at;
      in_flight += (now - *at) * (in_flight_at + seen.in_flight) / 2;
    }
    at = now;
    answered_at = seen.answered;
    in_flight_at = seen.in_flight;
    if (seen.mean_s && (!least_mean || *seen.mean_s < *least_mean) &&
        seen.answered >= kFewestAnswers)
      least_mean = seen.mean_s;
  }

  // By Little's law, r answers a second of W seconds each keep r·W in flight: where there were far more, they
  // waited inside of the server.
  bool saturated() const {
    return seconds >= kFewestSeconds && answered >= kFewestAnswers && least_mean &&
           in_flight / seconds > kQueueing * answered / seconds * *least_mean;
  }

  static constexpr double kFewestInFlight = 8;
  static constexpr double kFewestAnswers = 12;
  static constexpr double kFewestSeconds = 1;
  static constexpr double kQueueing = 1.8;
};

void add_timeline(JobHistory& history, const Timeline& timeline) {
  double failed = 0;
  for (const TimelineTotals& totals : timeline.endpoints) {
    EndpointHistory& known = history.endpoints[totals.name];
    failed += totals.failed;
    known.mean_seconds = totals.mean_s;
    if (totals.median_s && totals.tail_s && *totals.median_s > 0)
      known.sigma = std::log(std::max(1.0, *totals.tail_s / *totals.median_s)) / kTail;
    known.learned_per_minute = totals.learned_per_minute;
  }
  const double attempts = static_cast<double>(history.answered) + failed;
  if (attempts > 0) history.failed_share = failed / attempts;

  // Of the last run.
  std::vector<Speed> speeds(timeline.endpoints.size());
  for (const TimelinePoint& point : timeline.points) {
    if (point.run + 1 != timeline.runs.size()) continue;
    for (const TimelineEndpoint& seen : point.endpoints) speeds[seen.index].add(point.at, seen);
  }
  for (std::size_t e = 0; e < speeds.size(); ++e) {
    if (!speeds[e].saturated()) continue;
    EndpointHistory& known = history.endpoints[timeline.endpoints[e].name];
    known.saturated_per_second = speeds[e].answered / speeds[e].seconds;
    known.least_seconds = speeds[e].least_mean;
  }
}

void add_batches(JobHistory& history, const store::Account& account) {
  std::map<std::string, std::vector<double>> times;
  for (const store::BatchRecord& batch : account.batches) {
    if (batch.created_at == 0 || batch.ended_at <= 0 || batch.cancelled || batch.done == 0)
      continue;
    if (batch.endpoint >= account.endpoints.size()) continue;
    times[account.endpoints[batch.endpoint].name].push_back(
        std::max(1.0, static_cast<double>(batch.ended_at - batch.created_at)));
  }
  for (auto& [name, seconds] : times) {
    std::ranges::sort(seconds);
    history.endpoints[name].batch_seconds =
        plan::Figure{seconds[seconds.size() / 2], 0.5, plan::Origin::measured};
  }
}

}  // namespace

core::Result<std::optional<JobHistory>> history_of(const stages::PipelineSpec& spec) {
  std::error_code error;
  if (!std::filesystem::exists(spec.checkpoint.directory + "/checkpoint.db", error))
    return std::nullopt;
  auto view = checkpoint::View::open(spec.checkpoint.directory);
  if (!view) return std::unexpected(view.error());
  if (!(*view)->expect_fingerprint(stages::fingerprint(spec, stages::make_question(spec))))
    return std::nullopt;
  const store::Account& account = (*view)->account();
  JobHistory history;
  history.rows_ended = account.rows_answered + account.rows_rejected;
  const store::EndpointLedger total = account.total();
  history.answered = total.answered;
  history.spent = (total.cost + total.maybe_billed_cost).dollars();
  for (const store::EndpointLedger& ledger : account.endpoints)
    add_ledger(history.endpoints[ledger.name], ledger);
  // Without one less is known, and nothing is wrong with the plan.
  if (const auto timeline = read_timeline(spec.checkpoint.directory))
    add_timeline(history, *timeline);
  add_batches(history, account);
  return history;
}

}  // namespace sluice::inspect
