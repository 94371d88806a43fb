#include "cli/stored_job.h"

#include <fmt/format.h>

#include <utility>

#include "checkpoint/checkpoint.h"
#include "cli/job_file.h"
#include "cli/job_questions.h"
#include "cli/run_watch.h"
#include "cli/version.h"
#include "inspect/timeline.h"
#include "listen/listener.h"
#include "listen/live_job.h"
#include "listen/series.h"
#include "shell/signals.h"
#include "shell/standard_streams.h"
#include "store/job_lock.h"
#include "words/reject_notes.h"

namespace sluice::cli {
namespace {

constexpr std::chrono::seconds kReadAgain{1};
constexpr std::chrono::seconds kReadSeriesAgain{4};

listen::State state_of(const stages::JobSpec& job, std::size_t question,
                       const store::Account& account) {
  if (store::JobLock::taken(job.questions[question].checkpoint.directory))
    return listen::State::running_elsewhere;
  const bool last = question + 1 == job.questions.size();
  const bool all = account.input_complete && account.rows_pending() == 0;
  return last && all ? listen::State::finished : listen::State::interrupted;
}

}  // namespace

std::size_t StoredJob::question() const {
  std::size_t last = 0;
  for (std::size_t k = 1; k < job_.questions.size(); ++k)
    if (begun(job_, k)) last = k;
  return last;
}

core::Result<listen::Status> StoredJob::read() {
  listen::Status status;
  status.job = job_.name;
  status.file = file_;
  status.version = kVersion;
  status.now = clock_.wall_now();
  status.question = question();
  status.questions = job_.questions.size();
  status.title = title_of(job_, status.question);
  const stages::PipelineSpec& spec = job_.questions[status.question];
  status.endpoints = listen::endpoints_of(spec);
  status.budget = spec.dispatch.budget;
  if (!begun(job_, 0) || !checkpoint::read_account(job_.questions[0].checkpoint.directory))
    return status;
  auto accounts = accounts_of(job_);
  if (!accounts) return std::unexpected(accounts.error());
  status.account = store::joined(*accounts, status.question);
  status.state = state_of(job_, status.question, status.account);
  if (std::pair now(status.question, status.account.rows_rejected);
      now != rejected_) {  // to read a million of them takes 2 s
    reasons_ = words::reasons_of(spec);
    rejected_ = now;
  }
  for (const inspect::RejectReason& reason : reasons_.reasons)
    status.rejects.push_back({.stage = reason.example.stage,
                              .reason = reason.example.reason,
                              .rows = reason.rows,
                              .example = reason.example.detail});
  return status;
}

core::Result<listen::Status> StoredJob::status() {
  const core::Time now = clock_.now();
  if (!read_ || now - read_->at >= kReadAgain) {
    auto status = read();
    read_ = Read{now, std::move(status)};
  }
  return read_->status;
}

core::Result<std::string> StoredJob::series() {
  const core::Time now = clock_.now();
  if (!series_ || now - series_->at >= kReadSeriesAgain) {
    const auto timeline = inspect::read_timeline(job_.questions[question()].checkpoint.directory);
    if (!timeline) return std::unexpected(timeline.error());
    series_ = ReadSeries{now, listen::Series(*timeline).json()};
  }
  return series_->json;
}

listen::Source::Files StoredJob::files() {
  const stages::SinkSpec& sink = job_.questions[question()].sink;
  return {.answers = sink.path, .rejects = sink.rejects};
}

core::Result<listen::State> StoredJob::order(Order /*order*/, core::Money /*budget*/) {
  return core::fail(core::ErrorCode::usage,
                    "this is what the job has left on the disk: a run is changed at its own "
                    "listener (run --listen)");
}

int listen_to_stored(const stages::JobSpec& job, const std::string& file, const std::string& text) {
  const auto address = listen::parse_address(text);
  if (!address) return report(address.error());
  auto gate = listen::Gate::make(*address, listen_token());
  if (!gate) return report(gate.error());
  StoredJob stored(job, file);
  shell::StopSignal signal;
  const auto listener =
      listen::Listener::open(*address, std::move(*gate), stored, listen::process_figures);
  if (!listener) return report(listener.error());
  shell::say(listening_text(*address, (*listener)->port(), true) + "; Ctrl-C ends it\n");
  while (signal.wait(std::chrono::hours(1)) == shell::StopSignal::Woken::timeout) {
  }
  return 0;
}

}  // namespace sluice::cli
