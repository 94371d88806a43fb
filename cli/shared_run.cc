#include "cli/shared_run.h"

#include <fmt/format.h>

#include "cli/job_questions.h"
#include "observe/figures.h"
#include "passes/batch_copies.h"
#include "passes/take_over.h"
#include "shared_job/board.h"
#include "shell/standard_streams.h"

namespace sluice::cli {

bool is_shared(const stages::JobSpec& job) {
  return !job.questions.front().checkpoint.shared.url.empty();
}

core::Status prepare_shared(const stages::JobSpec& job, const RunFlags& flags) {
  if (!is_shared(job)) return {};
  if (auto can = passes::can_be_shared(job); !can) return can;
  if (flags.limit)
    return core::fail(core::ErrorCode::usage,
                      "--limit reads the first rows of the input, and with the checkpoint of fleet "
                      "each process reads a part of it: try the job with `sluice try`, or without "
                      "fleet");
  if (!flags.fresh) return {};
  const auto board = shared_job::Board::open(job.questions.front().checkpoint.shared.url,
                                             [](const std::string&) {});
  if (!board) return std::unexpected(board.error());
  return (*board)->forget(job.name);
}

namespace {

// For a command that does not wait for a server that is away.
core::Result<std::unique_ptr<shared_job::Board>> board_of(const stages::PipelineSpec& spec) {
  const core::Secret& url = spec.checkpoint.shared.url;
  if (url.reveal() == kUnreadSecret)
    return core::fail(core::ErrorCode::io, "the variable with its address is not set");
  auto board = shared_job::Board::open(url, [](const std::string&) {});
  if (board) (*board)->hurry();
  return board;
}

core::Status bring_here(const stages::PipelineSpec& spec) {
  const auto board = board_of(spec);
  if (!board) return std::unexpected(board.error());
  const auto job = (*board)->find(spec.name);
  if (!job) return std::unexpected(job.error());
  if (!*job) return {};
  return passes::take_all(**board, **job, spec.checkpoint.directory, spec.name);
}

}  // namespace

core::Result<stages::JobSpec> load_to_look(const JobFile& file, Secrets secrets) {
  auto job = file.load(secrets);
  if (!job || !is_shared(*job)) return job;
  if (secrets == Secrets::unread) job = file.load(Secrets::there);
  if (!job) return job;
  if (auto here = bring_here(job->questions.front()); !here)
    shell::say(
        fmt::format("{}: the shared checkpoint was not looked at ({}); what follows is what this "
                    "machine has of it\n",
                    job->name, here.error().text()));
  return job;
}

core::Status cancel_shared(const JobFile& file, std::span<const std::string> which) {
  const auto job = file.load(Secrets::there);
  if (!job) return std::unexpected(job.error());
  const auto board = board_of(job->questions.front());
  if (!board) return std::unexpected(board.error());
  const auto found = (*board)->find(job->name);
  if (!found) return std::unexpected(found.error());
  if (!*found) return core::fail(core::ErrorCode::usage, "the job was never run", job->name);
  return passes::order_cancel(**board, **found, which);
}

std::optional<shared_job::Standing> standing_of(const stages::JobSpec& job) {
  if (!is_shared(job)) return std::nullopt;
  const auto board = board_of(job.questions.front());
  if (!board) return std::nullopt;
  const auto found = (*board)->find(job.name);
  if (!found || !*found) return std::nullopt;
  auto standing = (*board)->standing(**found);
  if (!standing) return std::nullopt;
  return *standing;
}

job::RunResult end_of_shared(const passes::Passes& passes,
                             const std::optional<job::Progress>& earlier) {
  job::RunResult result;
  result.end = passes.complete() ? job::RunEnd::finished : job::RunEnd::stopped;
  if (!passes.complete()) result.why = "on request";
  if (earlier) result.progress = *earlier;
  return result;
}

std::string part_summary(const job::RunResult& result) {
  const job::Progress& progress = result.progress;
  return fmt::format(
      "{}: this process has ended {} rows for {}; {}\n",
      result.end == job::RunEnd::finished ? "the job is complete" : "stopped, " + result.why,
      observe::count(progress.rows_ended), progress.dispatch.cost.text(),
      result.end == job::RunEnd::finished
          ? "another one has written the output (`sluice export` writes it here)"
          : "others go on with the rest, or the same command does");
}

core::Result<std::vector<store::Account>> accounts_after(const stages::JobSpec& job,
                                                         const words::Results& results) {
  if (!is_shared(job) || results.has_whole_job) return accounts_of(job);
  std::vector<store::Account> accounts;
  for (const words::QuestionResult& question : results.questions)
    accounts.push_back(question.run.progress.account);
  return accounts;
}

}  // namespace sluice::cli
