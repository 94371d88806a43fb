#include "listen/live_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/random.h"
#include "inspect/timeline.h"
#include "provider/tier.h"
#include "schedule/quota.h"

namespace sluice::listen {
namespace {

// Who asked within it is looking.
constexpr std::chrono::seconds kLooking{4};

SeriesPoint point_of(const observe::View& view, const job::Progress& progress,
                     const std::string& limit) {
  const store::EndpointLedger total = progress.account.total();
  SeriesPoint point;
  point.at = core::in_seconds(view.time.time_since_epoch());
  point.worked = core::in_seconds(view.elapsed);
  point.rows = static_cast<double>(view.rows_done);
  point.rejected = static_cast<double>(view.rows_rejected);
  point.spent = total.cost.dollars();
  point.tokens = static_cast<double>(total.usage.input + total.usage.output);
  point.in_flight = static_cast<double>(progress.dispatch.schedule.in_flight);
  point.waiting = static_cast<double>(progress.dispatch.schedule.waiting);
  for (const schedule::EndpointState& endpoint : progress.dispatch.schedule.endpoints) {
    point.refused += static_cast<double>(endpoint.rate_limited);
    point.failed += static_cast<double>(endpoint.failed);
  }
  point.limit = limit;
  return point;
}

}  // namespace

std::vector<EndpointInfo> endpoints_of(const stages::PipelineSpec& spec) {
  std::vector<EndpointInfo> endpoints;
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
    std::string tier = endpoint.batch ? "batch" : endpoint.service_tier;
    if (const auto asked = provider::tier_asked(endpoint); asked && !endpoint.batch)
      tier = provider::tier_name(*asked);
    endpoints.push_back({.name = endpoint.name,
                         .model = endpoint.model,
                         .tier = std::move(tier),
                         .max_in_flight = endpoint.limits.max_concurrency.value_or(
                             provider::kDefaultMaxConcurrency)});
  }
  return endpoints;
}

LiveJob::LiveJob(const stages::JobSpec& job, std::string file, std::string version)
    : job_(job),
      file_(std::move(file)),
      version_(std::move(version)),
      run_name_(core::random_name(16)) {}

void LiveJob::begin(std::size_t question, std::string title, std::vector<store::Account> accounts,
                    const observe::Meter& meter) {
  const auto timeline = inspect::read_timeline(job_.questions[question].checkpoint.directory);
  const std::lock_guard lock(mutex_);
  question_ = question;
  title_ = std::move(title);
  accounts_ = std::move(accounts);
  meter_ = &meter;
  looked_.reset();
  series_ = timeline ? Series(*timeline) : Series();
  series_.begin(core::in_seconds(clock_.wall_now().time_since_epoch()));
  question_began_ = clock_.now();
}

void LiveJob::take(job::Run& run) {
  const std::lock_guard lock(mutex_);
  run_ = &run;
  if (paused_) run.pause(true);
}

void LiveJob::release() {
  const std::lock_guard lock(mutex_);
  run_ = nullptr;
}

void LiveJob::look(const observe::View& view, const job::Progress& progress,
                   const std::string& limit) {
  const std::lock_guard lock(mutex_);
  series_.add(point_of(view, progress, limit));
  accounts_[question_] = progress.account;
  looked_ = Looked{view, progress, limit};
}

void LiveJob::ended(const job::RunResult& result) {
  const std::lock_guard lock(mutex_);
  accounts_[question_] = result.progress.account;
  if (!looked_) looked_.emplace();  // it ended before anybody looked
  looked_->progress = result.progress;
  observe::View& view = looked_->view;
  view.elapsed = clock_.now() - question_began_;
  view.time = clock_.wall_now();
  view.rows_done = result.progress.account.rows_answered + result.progress.account.rows_rejected;
  view.rows_rejected = result.progress.account.rows_rejected;
  view.rows_per_second = view.tokens_per_second = 0;
  view.left.reset();
  view.phase.clear();
  const std::vector<EndpointInfo> endpoints = endpoints_of(job_.questions[question_]);
  view.endpoints.resize(endpoints.size());
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    view.endpoints[e].name = endpoints[e].name;
    view.endpoints[e].in_flight = 0;
  }
  looked_->limit.clear();
  looked_->progress.dispatch.schedule.in_flight = 0;
  looked_->progress.dispatch.schedule.waiting = 0;
  series_.add(point_of(view, looked_->progress, {}));
  series_.end(result.error                          ? "failed"
              : result.end == job::RunEnd::finished ? "finished"
                                                    : "stopped",
              result.why);
}

void LiveJob::over(State state, std::string why) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  why_ = std::move(why);
  over_ = true;
}

void LiveJob::wait_for_watchers() {
  std::unique_lock lock(mutex_);
  if (!last_seen_ || clock_.now() - *last_seen_ > kLooking) return;
  seen_.wait_for(lock, kFarewell, [this] { return end_seen_; });
}

void LiveJob::note(std::string text) {
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(text));
}

std::vector<std::string> LiveJob::take_notes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notes_, {});
}

bool LiveJob::stop_ordered() const {
  const std::lock_guard lock(mutex_);
  return stop_ordered_;
}

std::optional<core::Money> LiveJob::budget_ordered() const {
  const std::lock_guard lock(mutex_);
  return budget_;
}

core::Money LiveJob::spent_by_others() const {
  core::Money spent;
  for (std::size_t k = 0; k < accounts_.size(); ++k) {
    if (k == question_) continue;
    const store::EndpointLedger total = accounts_[k].total();
    spent += total.cost + total.maybe_billed_cost;
  }
  return spent;
}

core::Result<Status> LiveJob::status() {
  Status status;
  status.job = job_.name;
  status.file = file_;
  status.version = version_;
  status.run = run_name_;
  status.now = clock_.wall_now();
  status.started = began_wall_;
  status.elapsed = clock_.now() - began_;
  status.questions = job_.questions.size();
  const std::lock_guard lock(mutex_);
  status.question = question_;
  status.title = title_;
  status.why = why_;
  status.endpoints = endpoints_of(job_.questions[question_]);
  status.budget = budget_ ? budget_ : job_.questions[question_].dispatch.budget;
  if (!accounts_.empty()) {
    status.account = store::joined(accounts_, question_);
  }
  if (looked_) fill_live(status);
  const bool stopping = stop_ordered_ || (looked_ && looked_->view.stopping);
  status.state = over_      ? state_
                 : stopping ? State::stopping
                 : paused_  ? State::paused
                            : State::running;
  return status;
}

void LiveJob::shown(const Status& status) {
  const std::lock_guard lock(mutex_);
  last_seen_ = clock_.now();
  if (!over_ || status.state != state_) return;
  end_seen_ = true;
  seen_.notify_all();
}

void LiveJob::fill_live(Status& status) const {
  Live live;
  live.view = looked_->view;
  live.counts = meter_->counts();
  const schedule::Snapshot& schedule = looked_->progress.dispatch.schedule;
  live.in_flight = schedule.in_flight;
  live.waiting = schedule.waiting;
  live.committing = looked_->progress.rows_committing;
  for (const schedule::EndpointState& endpoint : schedule.endpoints)
    live.quotas.emplace_back(endpoint.most_used ? schedule::quota_name(*endpoint.most_used)
                                                : std::string_view());
  live.quotas.resize(status.endpoints.size());
  live.limit = looked_->limit;
  live.endpoints = status.endpoints;
  if (looked_->progress.batches) live.batches = looked_->progress.batches->batches;
  status.rejects = live.view.rejects;
  status.live = std::move(live);
}

core::Result<std::string> LiveJob::series() {
  const std::lock_guard lock(mutex_);
  return series_.json();
}

Source::Files LiveJob::files() {
  const std::lock_guard lock(mutex_);
  const stages::SinkSpec& sink = job_.questions[question_].sink;
  return {.answers = sink.path, .rejects = sink.rejects};
}

core::Result<State> LiveJob::order(Order order, core::Money budget) {
  const auto no = [](std::string why) {
    return core::fail(core::ErrorCode::usage, std::move(why));
  };
  const std::lock_guard lock(mutex_);
  if (over_ || run_ == nullptr) return no("the run has ended, or has not begun");
  if (stop_ordered_ && order != Order::stop) return no("the run is stopping");
  switch (order) {
    case Order::stop:
      stop_ordered_ = true;
      run_->stop("on request");
      return State::stopping;
    case Order::pause:
    case Order::resume:
      paused_ = order == Order::pause;
      run_->pause(paused_);
      return paused_ ? State::paused : State::running;
    case Order::budget:
      if (!job_.questions[question_].dispatch.budget)
        return no("the pipeline file names no budget, so there is none to be raised");
      if (const auto now = budget_ ? budget_ : job_.questions[question_].dispatch.budget;
          budget < *now)
        return no(fmt::format(
            "a budget can only be raised here, and it is {}; to spend less, stop the run",
            now->text()));
      budget_ = budget;
      run_->set_budget(std::max(core::Money(), budget - spent_by_others()));
      return paused_ ? State::paused : State::running;
  }
  std::unreachable();
}

}  // namespace sluice::listen
