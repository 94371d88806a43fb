#include "cli/job_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "checkpoint/checkpoint.h"
#include "checkpoint/view.h"
#include "inspect/alike.h"
#include "observe/figures.h"
#include "stages/cascade.h"
#include "stages/question.h"
#include "storage/directory.h"

namespace sluice::cli {

using Lock = std::optional<store::JobLock>;

namespace {

core::Result<Lock> locked(core::Result<store::JobLock> lock) {
  if (!lock) return std::unexpected(lock.error());
  return Lock(std::move(*lock));
}

}  // namespace

std::string title_of(const stages::JobSpec& job, std::size_t question) {
  return stages::question_title(job, question);
}

std::string heading_of(const stages::JobSpec& job, std::size_t question) {
  const std::string title = title_of(job, question);
  return title.empty() ? title : title + '\n';
}

bool begun(const stages::JobSpec& job, std::size_t question) {
  std::error_code error;
  return job.questions.size() == 1 ||
         std::filesystem::exists(job.questions[question].checkpoint.directory + "/checkpoint.db",
                                 error);
}

core::Result<std::vector<store::Account>> accounts_of(const stages::JobSpec& job) {
  std::vector<store::Account> accounts(job.questions.size());
  for (std::size_t k = 0; k < accounts.size(); ++k) {
    if (!begun(job, k)) continue;
    auto account = checkpoint::read_account(job.questions[k].checkpoint.directory);
    if (!account) return std::unexpected(account.error());
    accounts[k] = std::move(*account);
  }
  return accounts;
}

core::Result<Lock> lock_to_run(const stages::JobSpec& job) {
  if (job.questions.size() == 1) return std::nullopt;
  if (auto made = storage::make_directory(job.directory); !made)
    return std::unexpected(made.error());
  return locked(store::JobLock::take(job.directory, job.name));
}

core::Result<Lock> lock_to_change(const stages::JobSpec& job) {
  std::error_code error;
  if (job.questions.size() == 1 || !std::filesystem::exists(job.directory, error))
    return std::nullopt;
  return locked(store::JobLock::take(job.directory, job.name));
}

core::Result<Lock> lock_to_read(const stages::JobSpec& job) {
  if (job.questions.size() == 1) return std::nullopt;
  return locked(store::JobLock::share(job.directory, job.name));
}

Change change_of(const stages::JobSpec& job, std::size_t question) {
  const stages::PipelineSpec& spec = job.questions[question];
  std::error_code error;
  if (!std::filesystem::is_regular_file(spec.checkpoint.directory + "/checkpoint.db", error))
    return {};
  auto view = checkpoint::View::open(spec.checkpoint.directory);
  if (!view) return {};  // it has not begun, or the run will say why it cannot
  const core::Hash128 now = stages::fingerprint(spec, stages::make_question(spec));
  if ((*view)->expect_fingerprint(now)) return {};
  const auto first = inspect::first_questions(spec);
  const auto found = (*view)->foresee(now, stages::models_of(spec.dispatch), first.asked);
  if (!found || !found->new_generation) return {};
  const store::Account& account = (*view)->account();
  const bool later_level = spec.level.number > 1;
  // The earlier levels of a cascade have answered most rows: those are not paid for here.
  const std::uint64_t bought = later_level ? found->answers : account.rows_answered;
  const auto cost_of = [&](double rows_again) {
    return core::Money::picodollars(static_cast<std::int64_t>(
        rows_again * static_cast<double>(account.total().cost.picodollars()) /
        static_cast<double>(bought)));
  };
  if (found->answers == 0) {
    if (later_level && account.total().answered > 0)
      return {fmt::format("the pipeline file has changed since the last run: the answers of this "
                          "level are by models that are not asked any more; the rows that are "
                          "escalated are asked again, for about {}, the cost until now",
                          account.total().cost.text()),
              account.total().cost};
    if (bought == 0) return {};
    const core::Money cost = cost_of(static_cast<double>(account.rows_read));
    return {fmt::format("the pipeline file has changed since the last run: its answers are by "
                        "models that are not asked any more; all of {} rows are asked again, for "
                        "about {} at the cost until now",
                        observe::count(account.rows_read), cost.text()),
            cost};
  }
  const std::string text =
      fmt::format("the pipeline file has changed since the last run, whose {} answers are kept: ",
                  observe::count(found->answers));
  const std::size_t rows = first.asked.size() + first.accepted;
  const std::size_t known = found->found + first.accepted;
  if (rows == 0) return {text + "rows whose question is now another are asked again", {}};
  if (known == rows)
    return {
        text + fmt::format("they answer all of the first {} rows, which are not asked again", rows),
        {}};
  const double share = 1 - static_cast<double>(known) / static_cast<double>(rows);
  const double again = share * static_cast<double>(account.rows_read);
  const core::Money cost = bought > 0 ? cost_of(again) : core::Money();
  if (later_level)
    return {text + fmt::format(
                       "they, and the levels before, answer {} of the first {} rows; about {} "
                       "of {} rows are asked at this level, for about {} (they are now "
                       "escalated, or what they are asked is another)",
                       known, rows, observe::count(static_cast<std::uint64_t>(std::llround(again))),
                       observe::count(account.rows_read), cost.text()),
            cost};
  return {text + fmt::format("they answer {} of the first {} rows; about {} of {} rows are asked "
                             "again, for about {} (their prompt, the system text, the answer's "
                             "fields, the examples, the parse function or the model is another)",
                             known, rows,
                             observe::count(static_cast<std::uint64_t>(std::llround(again))),
                             observe::count(account.rows_read), cost.text()),
          cost};
}

}  // namespace sluice::cli
