#include "words/monitor.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "schedule/quota.h"
#include "words/cost_notes.h"

namespace sluice::words {
namespace {

constexpr std::chrono::milliseconds kTick{200};
constexpr std::chrono::seconds kLineEvery{5};
constexpr std::uint64_t kRowsToProject = 20;  // that have shown what a row costs
constexpr double kSmoothSeconds = 5;          // a rate is an average over about so long

double seconds(core::Duration d) {
  return std::chrono::duration<double>(d).count();
}

std::optional<observe::ProblemView> problem_of(const schedule::EndpointState& state,
                                               core::Time now) {
  observe::ProblemView problem;
  if (state.stopped) {
    problem.kind = "stopped";
    problem.stopped = true;
    problem.message = state.stop_reason;
    return problem;
  }
  if (!state.problem) return std::nullopt;
  problem.kind =
      fmt::format("{}{}", state.problem->status, provider::cause_name(state.problem->cause));
  problem.failures = state.problem->failures;
  problem.lasting = now - state.problem->since;
  problem.answered = state.problem->answered;
  problem.message = state.problem->text();
  return problem;
}

observe::EndpointSample sample_of(const provider::EndpointSpec& spec,
                                  const schedule::EndpointState& state, core::Time now) {
  return {.name = spec.name,
          .usable = dispatch::health_of(state, now) == observe::Health::fine,
          .in_flight = state.in_flight,
          .cap = state.cap,
          .max_concurrency = spec.limits.max_concurrency.value_or(provider::kDefaultMaxConcurrency),
          .quota_used = state.quota_used.value_or(0),
          .quota = state.most_used ? std::string(schedule::quota_name(*state.most_used)) : "",
          .learned_per_minute = state.learned_per_minute};
}

// Of all threads of this process.
core::Duration processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

std::chrono::local_seconds local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  return std::chrono::local_seconds(std::chrono::seconds(now + parts.tm_gmtoff));
}

std::optional<observe::BatchesView> batches_of(const std::optional<parked::BatchesState>& state,
                                               core::WallTime now) {
  if (!state) return std::nullopt;
  observe::BatchesView view{.filling = state->filling, .note = {}};
  std::int64_t oldest = 0;
  for (const store::BatchRecord& batch : state->batches) {
    if (!batch.open()) continue;
    ++view.out;
    view.requests += batch.lines;
    view.done += std::min(batch.lines, batch.done + batch.failed);
    if (oldest == 0 || batch.intended_at < oldest) oldest = batch.intended_at;
    if (view.note.empty()) view.note = batch.note;
  }
  if (view.out + view.filling == 0) return std::nullopt;
  if (oldest > 0)
    view.oldest = std::max(core::Duration(), now.time_since_epoch() - std::chrono::seconds(oldest));
  return view;
}

// What the job will have cost, where this run has shown what a row costs.
std::optional<core::Money> projected_cost(const observe::View& view, core::Money cost,
                                          std::uint64_t rows) {
  if (!view.rows_total || rows < kRowsToProject || cost == core::Money()) return std::nullopt;
  const double left =
      static_cast<double>(*view.rows_total - std::min(*view.rows_total, view.rows_done));
  const auto more = core::Money::from_dollars(cost.dollars() * left / static_cast<double>(rows));
  return more ? std::optional(view.spent + *more) : std::nullopt;
}

}  // namespace

observe::EndpointView view_of(const provider::EndpointSpec& spec,
                              const schedule::EndpointState& state, core::Time now) {
  observe::EndpointView view;
  view.name = spec.name;
  view.in_flight = state.in_flight;
  view.cap = state.cap;
  view.quota_used = state.quota_used;
  view.rate_limited = state.rate_limited;
  view.failed = state.failed;
  view.learned_per_minute = state.learned_per_minute;
  view.median = state.median;
  view.tail = state.tail;
  view.health = dispatch::health_of(state, now);
  view.failure = state.failure;
  view.problem = problem_of(state, now);
  return view;
}

Monitor::Monitor(const stages::PipelineSpec& spec, Job job, job::Run& run,
                 shell::StopSignal& signal, observe::Style style, observe::LimitTally& limits,
                 RunTimeline& timeline, PlanWatch& plan, observe::LogFile* file)
    : spec_(spec),
      job_(std::move(job)),
      run_(run),
      limits_(limits),
      timeline_(timeline),
      plan_(plan),
      signal_(signal),
      display_(STDERR_FILENO, style, observe::look_of(STDERR_FILENO), kLineEvery, file),
      thread_([this] { watch(); }) {}

Monitor::~Monitor() {
  signal_.release();
  thread_.join();
  try {
    report_changes(view());  // what came after the last look
  } catch (...) {            // no memory: the run itself says so
  }
}

void Monitor::watch() {
  while (true) {
    const shell::StopSignal::Woken woken = signal_.wait(kTick);
    if (woken == shell::StopSignal::Woken::released) return report_last();
    try {
      if (woken == shell::StopSignal::Woken::signal) {
        stopping_ = true;
        run_.stop("on request");
      }
      if (job_.live != nullptr) report_outside();
      report_throttle();
      report_beyond_deadline();
      report_shares();
      report_forms();
      const observe::View now = view();
      report_problems(now);
      report_changes(now);
      sample_limits(now);
      report_plan(now);
      display_.show(now, clock_.now());
    } catch (...) {  // no memory for a picture: the run itself says so
    }
  }
}

// What came from those who watch the run.
void Monitor::report_outside() {
  if (job_.live->stop_ordered()) stopping_ = true;
  for (const std::string& note : job_.live->take_notes())
    display_.tell(fmt::format("{}: {}", spec_.name, note));
}

void Monitor::report_problems(const observe::View& view) {
  for (const observe::EndpointView& endpoint : view.endpoints) {
    if (!endpoint.problem) {
      std::erase_if(problems_reported_,
                    [&](const auto& told) { return told.first == endpoint.name; });
    } else if (problems_reported_.emplace(endpoint.name, endpoint.problem->kind).second) {
      display_.tell(fmt::format("{}: {}: {}", spec_.name, endpoint.name,
                                observe::problem_text(*endpoint.problem)));
    }
  }
}

void Monitor::report_changes(const observe::View& view) {
  for (const observe::EndpointChange& change : changes_.changes(view.endpoints)) {
    display_.event(observe::endpoint_json(change, view.time));
    if (change.change == "recovered")
      display_.say(fmt::format("{}: {}: answers again", spec_.name, change.endpoint));
  }
}

void Monitor::sample_limits(const observe::View& view) {
  const job::Progress progress = run_.progress();
  const core::Time now = clock_.now();
  const core::Duration cpu = processor_time();
  if (now == sampled_at_) return;
  observe::Sample sample{
      .waiting = progress.dispatch.schedule.waiting,
      .input_complete = progress.input_complete,
      .stopping = stopping_,
      .busy_cores = seconds(cpu - sampled_cpu_) / seconds(now - sampled_at_),
      .cores = std::max(1.0, static_cast<double>(std::thread::hardware_concurrency())),
      .endpoints = {}};
  const auto& states = progress.dispatch.schedule.endpoints;
  for (std::size_t i = 0; i < states.size(); ++i)
    sample.endpoints.push_back(sample_of(spec_.dispatch.endpoints[i], states[i], now));
  limits_.add(sample);
  const std::string binding = observe::binding_text(sample);
  timeline_.look(view, progress, binding);
  if (job_.live != nullptr) job_.live->look(view, progress, binding);
  if (auto problem = timeline_.problem())
    display_.tell(fmt::format("{}: {}: what the run was like is not kept", spec_.name, *problem));
  sampled_at_ = now;
  sampled_cpu_ = cpu;
}

void Monitor::report_throttle() {
  if (throttle_reported_ || !spec_.dispatch.budget) return;
  const auto throttle = run_.progress().dispatch.schedule.throttle;
  if (!throttle) return;
  throttle_reported_ = true;
  display_.tell(fmt::format("{}: {}", spec_.name, throttle_note(*throttle)));
}

void Monitor::report_shares() {
  std::string problem = run_.progress().dispatch.shares_problem;
  if (problem == shares_reported_) return;
  shares_reported_ = std::move(problem);
  if (!shares_reported_.empty()) display_.tell(fmt::format("{}: {}", spec_.name, shares_reported_));
}

void Monitor::report_beyond_deadline() {
  if (beyond_reported_) return;
  const std::string text = run_.progress().dispatch.schedule.beyond_deadline;
  if (text.empty()) return;
  beyond_reported_ = true;
  display_.tell(fmt::format("{}: {}", spec_.name, text));
}

void Monitor::report_plan(const observe::View& view) {
  for (const std::string& text : plan_.look(view, limits_.limits()))
    display_.tell(fmt::format("{}: {}", spec_.name, text));
}

// What happened since the last look: a run may end sooner than there is one.
void Monitor::report_last() {
  try {
    report_forms();
    report_problems(view());
  } catch (...) {  // as above
  }
}

void Monitor::report_forms() {
  const std::vector<std::string> notes = run_.progress().dispatch.form_notes;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    if (notes[i].empty() || !forms_reported_.insert(notes[i]).second) continue;
    display_.tell(
        fmt::format("{}: {}: {}", spec_.name, spec_.dispatch.endpoints[i].name, notes[i]));
  }
}

observe::View Monitor::view() {
  const job::Progress progress = run_.progress();
  const core::Time now = clock_.now();
  const std::uint64_t tokens = progress.dispatch.usage.input + progress.dispatch.usage.output;

  if (const double passed = seconds(now - rated_at_); passed >= 0.5) {
    const double rows = static_cast<double>(progress.rows_ended - rated_rows_) / passed;
    const double token_rate = static_cast<double>(tokens - rated_tokens_) / passed;
    const double weight = rows_per_second_ ? 1 - std::exp(-passed / kSmoothSeconds) : 1;
    rows_per_second_ = rows_per_second_.value_or(0) * (1 - weight) + rows * weight;
    tokens_per_second_ = tokens_per_second_ * (1 - weight) + token_rate * weight;
    rated_at_ = now;
    rated_rows_ = progress.rows_ended;
    rated_tokens_ = tokens;
  }

  observe::View view;
  view.job = spec_.name;
  view.phase = stopping_ ? "stopping: waiting for what is in flight (Ctrl-C again to abort)"
               : job_.title.empty() ? "running"
                                    : "running " + job_.title;
  if (!stopping_ && progress.waiting_for) view.phase += ", waiting for " + *progress.waiting_for;
  view.batches = batches_of(progress.batches, clock_.wall_now());
  const schedule::Snapshot& schedule = progress.dispatch.schedule;
  const bool only_batches =
      view.batches && progress.input_complete && schedule.in_flight == 0 && schedule.waiting == 0;
  if (!stopping_ && only_batches) view.phase = "waiting for batches";
  if (!stopping_ && schedule.paused) view.phase = "paused";
  view.stopping = stopping_;
  view.elapsed = now - started_;
  view.clock = local_time();
  view.time = clock_.wall_now();
  view.rows_done = progress.account.rows_answered + progress.account.rows_rejected;
  view.rows_rejected = progress.account.rows_rejected;
  for (const auto& one : progress.rejects)
    view.rejects.push_back(
        {std::string(core::stage_name(one.stage)), one.reason, one.rows, one.example});
  if (progress.input_complete) {
    view.rows_total = std::max(progress.rows_read, view.rows_done);
  } else if (progress.share_read && *progress.share_read > 0.001) {
    view.rows_total = std::max(
        view.rows_done,
        static_cast<std::uint64_t>(static_cast<double>(progress.rows_read) / *progress.share_read));
    view.total_is_estimate = true;
  }
  view.rows_per_second = rows_per_second_.value_or(0);
  view.input_tokens = progress.dispatch.usage.input;
  view.output_tokens = progress.dispatch.usage.output;
  view.tokens_per_second = tokens_per_second_;
  view.spent = progress.account.total().cost + job_.spent;
  if (spec_.dispatch.budget) view.budget = *spec_.dispatch.budget + job_.spent;
  if (job_.live != nullptr && job_.live->budget_ordered())
    view.budget = job_.live->budget_ordered();
  // A job's other questions will cost as well, nobody knows what.
  if (!stopping_ && job_.title.empty() && !view.batches)
    view.projected = projected_cost(view, progress.dispatch.cost, progress.rows_ended);
  if (spec_.dispatch.deadline && !stopping_)
    view.until_deadline = std::max(core::Duration(), *spec_.dispatch.deadline - view.elapsed);
  // Where a row takes longer than the rate is smoothed over, the run's mean says more.
  const double mean = static_cast<double>(progress.rows_ended) /
                      std::chrono::duration<double>(view.elapsed).count();
  const double rate = mean < 1 ? mean : view.rows_per_second;
  if (!stopping_ && !only_batches && view.rows_total && rate > 0 &&
      *view.rows_total > view.rows_done) {
    const double left = static_cast<double>(*view.rows_total - view.rows_done) / rate;
    if (left < 3e7)
      view.left = std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(left));
  }
  const auto& states = progress.dispatch.schedule.endpoints;
  for (std::size_t i = 0; i < states.size(); ++i) {
    view.endpoints.push_back(view_of(spec_.dispatch.endpoints[i], states[i], now));
  }
  return view;
}

}  // namespace sluice::words
