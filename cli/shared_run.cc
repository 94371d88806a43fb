#include "cli/shared_run.h"

#include <fmt/format.h>

#include "cli/job_questions.h"
#include "observe/figures.h"
#include "shared_job/board.h"

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
