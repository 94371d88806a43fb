#include "listen/status_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace sluice::listen {
namespace {

using observe::Labels;
using observe::MetricFamilies;
using observe::MetricFamily;
using observe::MetricType;
using observe::MetricValue;

constexpr std::size_t kMostReasons = 50;

// Families in the order in which they are first named; each sample has the job's label first.
class Builder {
 public:
  explicit Builder(std::string job) : job_(std::move(job)) {}

  MetricFamily& family(MetricType type, std::string name, std::string unit, std::string help) {
    families_.push_back({std::move(name), std::move(help), std::move(unit), type, {}});
    return families_.back();
  }
  MetricFamily& gauge(std::string name, std::string unit, std::string help) {
    return family(MetricType::gauge, std::move(name), std::move(unit), std::move(help));
  }
  MetricFamily& counter(std::string name, std::string unit, std::string help) {
    return family(MetricType::counter, std::move(name), std::move(unit), std::move(help));
  }
  void add(MetricFamily& family, Labels labels, MetricValue value) const {
    labels.insert(labels.begin(), {"job_name", job_});
    family.samples.push_back({std::move(labels), std::move(value)});
  }
  template <class T>
  void maybe(MetricFamily& family, Labels labels, const std::optional<T>& value) const {
    if (value) add(family, std::move(labels), *value);
  }
  MetricFamilies take() { return std::move(families_); }

 private:
  const std::string job_;
  MetricFamilies families_;
};

std::optional<double> seconds(const std::optional<core::Duration>& duration) {
  return duration ? std::optional(core::in_seconds(*duration)) : std::nullopt;
}

void add_job(Builder& b, const Status& status) {
  MetricFamily& state =
      b.gauge("sluice_job_state", "", "Whether the job is in this state: 1 of one of them.");
  for (const State one :
       {State::running, State::paused, State::stopping, State::finished, State::stopped,
        State::failed, State::interrupted, State::running_elsewhere, State::not_begun})
    b.add(state, {{"state", std::string(state_name(one))}}, std::uint64_t{status.state == one});
  const store::Account& account = status.account;
  MetricFamily& rows =
      b.gauge("sluice_rows", "", "Rows of the input that were read, by how they stand.");
  b.add(rows, {{"state", "answered"}}, account.rows_answered);
  b.add(rows, {{"state", "rejected"}}, account.rows_rejected);
  b.add(rows, {{"state", "pending"}}, account.rows_pending());
  MetricFamily& rejects =
      b.gauge("sluice_rejected_rows", "",
              "Rejected rows by stage and reason; of a run, those that it has rejected.");
  for (const observe::RejectView& reject : status.rejects) {
    if (rejects.samples.size() == kMostReasons) break;
    b.add(rejects, {{"stage", reject.stage}, {"reason", reject.reason}}, reject.rows);
  }
  b.maybe(b.gauge("sluice_budget_dollars", "dollars", "What the job may cost."), {}, status.budget);
}

void add_ledger(Builder& b, const Status& status) {
  MetricFamily& requests =
      b.counter("sluice_requests_total", "", "Attempts that have ended, as the ledger has them.");
  for (const store::EndpointLedger& ledger : status.account.endpoints) {
    b.add(requests, {{"endpoint", ledger.name}, {"outcome", "answered"}}, ledger.answered);
    b.add(requests, {{"endpoint", ledger.name}, {"outcome", "failed"}}, ledger.failed);
  }
  MetricFamily& tokens =
      b.counter("sluice_tokens_total", "",
                "Tokens as billed; cached_input is part of input, reasoning of output.");
  for (const store::EndpointLedger& ledger : status.account.endpoints) {
    b.add(tokens, {{"endpoint", ledger.name}, {"type", "input"}}, ledger.usage.input);
    b.add(tokens, {{"endpoint", ledger.name}, {"type", "cached_input"}}, ledger.usage.cached_input);
    b.add(tokens, {{"endpoint", ledger.name}, {"type", "output"}}, ledger.usage.output);
    b.add(tokens, {{"endpoint", ledger.name}, {"type", "reasoning"}}, ledger.usage.reasoning);
  }
  const auto by_endpoint = [&](MetricFamily& family, core::Money store::EndpointLedger::* field) {
    for (const store::EndpointLedger& ledger : status.account.endpoints)
      b.add(family, {{"endpoint", ledger.name}}, ledger.*field);
  };
  by_endpoint(b.counter("sluice_cost_dollars_total", "dollars",
                        "What the job has cost, as the ledger has it."),
              &store::EndpointLedger::cost);
  by_endpoint(b.gauge("sluice_maybe_billed_dollars", "dollars",
                      "Worst case of attempts that may have been billed without an answer."),
              &store::EndpointLedger::maybe_billed_cost);
  by_endpoint(b.gauge("sluice_reserved_dollars", "dollars", "Worst case of what is in batches."),
              &store::EndpointLedger::parked_cost);
}

void add_batches(Builder& b, const Status& status) {
  const std::vector<store::BatchRecord>& batches =
      status.live ? status.live->batches : status.account.batches;
  std::vector<std::string> names;
  if (status.live) {
    for (const EndpointInfo& endpoint : status.live->endpoints) names.push_back(endpoint.name);
  } else {
    for (const store::EndpointLedger& ledger : status.account.endpoints)
      names.push_back(ledger.name);
  }
  MetricFamily phases{.name = "sluice_batches",
                      .help = "Batches that are out, by phase.",
                      .unit = {},
                      .type = MetricType::gauge,
                      .samples = {}};
  MetricFamily& requests =
      b.gauge("sluice_batch_requests", "", "Requests in batches that are out.");
  constexpr std::array kOpen = {store::BatchPhase::intended, store::BatchPhase::uploaded,
                                store::BatchPhase::created, store::BatchPhase::ended};
  for (std::size_t e = 0; e < names.size(); ++e) {
    std::array<std::uint64_t, kOpen.size()> in_phase{};
    std::uint64_t out = 0, done = 0, failed = 0;
    bool any = false;
    for (const store::BatchRecord& batch : batches) {
      if (batch.endpoint != e || !batch.open()) continue;
      any = true;
      ++in_phase[static_cast<std::size_t>(std::ranges::find(kOpen, batch.phase) - kOpen.begin())];
      out += batch.lines;
      done += batch.done;
      failed += batch.failed;
    }
    if (!any) continue;
    for (std::size_t i = 0; i < kOpen.size(); ++i)
      b.add(phases, {{"endpoint", names[e]}, {"phase", std::string(store::phase_name(kOpen[i]))}},
            in_phase[i]);
    b.add(requests, {{"endpoint", names[e]}, {"state", "out"}}, out);
    b.add(requests, {{"endpoint", names[e]}, {"state", "done"}}, done);
    b.add(requests, {{"endpoint", names[e]}, {"state", "failed"}}, failed);
  }
  b.gauge(phases.name, phases.unit, phases.help).samples = std::move(phases.samples);
}

void add_run(Builder& b, const Live& live) {
  const observe::View& view = live.view;
  b.maybe(b.gauge("sluice_rows_expected", "", "Rows that the input has, as far as is known."), {},
          view.rows_total);
  b.add(
      b.gauge("sluice_rows_per_second", "", "Rows that end a second, smoothed over some seconds."),
      {}, view.rows_per_second);
  b.maybe(b.gauge("sluice_projected_cost_dollars", "dollars",
                  "What the job will have cost at its end."),
          {}, view.projected);
  b.maybe(b.gauge("sluice_remaining_seconds", "seconds",
                  "Until all rows have ended, at the present rate."),
          {}, seconds(view.left));
  b.maybe(b.gauge("sluice_deadline_remaining_seconds", "seconds", "Until the deadline."), {},
          seconds(view.until_deadline));
  b.add(b.gauge("sluice_requests_waiting", "", "Requests that wait to be sent."), {}, live.waiting);
  b.add(b.gauge("sluice_uncommitted_rows", "", "Rows that have ended and are not durable yet."), {},
        live.committing);
}

void add_endpoints(Builder& b, const Live& live) {
  const auto each = [&](MetricFamily& family, const auto& value) {
    for (std::size_t e = 0; e < live.view.endpoints.size(); ++e)
      b.maybe(family, {{"endpoint", live.view.endpoints[e].name}},
              std::optional(value(live.view.endpoints[e])));
  };
  using Endpoint = observe::EndpointView;
  const auto count = [](int n) { return static_cast<std::uint64_t>(std::max(0, n)); };
  each(b.gauge("sluice_requests_in_flight", "", "Attempts that are out."),
       [&](const Endpoint& e) { return count(e.in_flight); });
  each(b.gauge("sluice_concurrency_limit", "", "Attempts that may be out now."),
       [&](const Endpoint& e) { return count(e.cap); });
  MetricFamily& quota =
      b.gauge("sluice_quota_used_ratio", "ratio", "Share of the quota that is used most.");
  for (std::size_t e = 0; e < live.view.endpoints.size(); ++e)
    b.maybe(quota, {{"endpoint", live.view.endpoints[e].name}, {"quota", live.quotas[e]}},
            live.view.endpoints[e].quota_used);
  MetricFamily& learned = b.gauge("sluice_learned_requests_per_second", "",
                                  "The rate that refusals have taught, where they have.");
  for (const Endpoint& e : live.view.endpoints)
    if (e.learned_per_minute) b.add(learned, {{"endpoint", e.name}}, *e.learned_per_minute / 60);
  MetricFamily& states = b.gauge("sluice_endpoint_state", "",
                                 "Whether the endpoint is in this state: 1 of one of them.");
  constexpr std::array<std::pair<observe::Health, std::string_view>, 5> kStates = {
      {{observe::Health::fine, "fine"},
       {observe::Health::cooling, "cooling"},
       {observe::Health::probing, "probing"},
       {observe::Health::broken, "broken"},
       {observe::Health::stopped, "stopped"}}};
  for (const Endpoint& e : live.view.endpoints)
    for (const auto& [health, name] : kStates)
      b.add(states, {{"endpoint", e.name}, {"state", std::string(name)}},
            std::uint64_t{e.health == health});
  each(b.counter("sluice_rate_limited_total", "",
                 "Attempts of this run that were refused for the rate or for want of room."),
       [](const Endpoint& e) { return e.rate_limited; });
}

void add_counts(Builder& b, const Live& live) {
  MetricFamily& failures =
      b.counter("sluice_attempt_failures_total", "", "Attempts of this run that failed, by cause.");
  for (std::size_t e = 0; e < live.endpoints.size(); ++e)
    for (const auto& [cause, count] : live.counts.endpoints[e].failures)
      b.add(failures,
            {{"endpoint", live.endpoints[e].name},
             {"cause", std::string(provider::cause_name(cause))}},
            count);
  MetricFamily& durations =
      b.family(MetricType::histogram, "sluice_attempt_duration_seconds", "seconds",
               "How long attempts of this run took that were answered.");
  for (std::size_t e = 0; e < live.endpoints.size(); ++e)
    b.add(durations, {{"endpoint", live.endpoints[e].name}}, live.counts.endpoints[e].duration);
  b.add(b.family(MetricType::histogram, "sluice_commit_duration_seconds", "seconds",
                 "How long results took to be durable in the checkpoint, in this run."),
        {}, live.counts.commit_duration);
}

void add_process(Builder& b, const Status& status, const ProcessFigures& process) {
  b.add(b.gauge("sluice_build_info", "", "Always 1; the program's version."),
        {{"version", status.version}}, std::uint64_t{1});
  MetricFamily& dropped = b.counter("sluice_telemetry_dropped_total", "",
                                    "Spans and metric exports that could not be delivered.");
  for (const auto& [signal, count] : process.dropped) b.add(dropped, {{"signal", signal}}, count);
  b.add(b.counter("process_cpu_seconds_total", "seconds", "Processor time of this process."), {},
        process.cpu_seconds);
  b.add(b.gauge("process_resident_memory_bytes", "bytes", "Memory of this process."), {},
        process.resident_bytes);
  b.add(b.gauge("process_start_time_seconds", "seconds", "When this process began, since 1970."),
        {}, process.started);
  b.add(b.gauge("process_open_fds", "", "Open files and sockets of this process."), {},
        process.open_files);
}

}  // namespace

observe::MetricFamilies metrics_of(const Status& status, const ProcessFigures& process) {
  Builder b(status.job);
  add_job(b, status);
  add_ledger(b, status);
  add_batches(b, status);
  if (status.live) {
    add_run(b, *status.live);
    add_endpoints(b, *status.live);
    add_counts(b, *status.live);
  }
  add_process(b, status, process);
  return b.take();
}

ProcessFigures process_figures() {
  ProcessFigures figures;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  figures.cpu_seconds = in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    unsigned long long size = 0, resident = 0;
    if (std::fscanf(file, "%llu %llu", &size, &resident) == 2)
      figures.resident_bytes = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::fclose(file);
  }
  static const double started =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  figures.started = started;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::end(it); it.increment(error))
    ++figures.open_files;
  return figures;
}

}  // namespace sluice::listen
