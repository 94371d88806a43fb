#include "job/job_place.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "queue/intake.h"
#include "storage/directory.h"
#include "store/job_lock.h"

namespace sluice::job {

core::Status none_left_behind(const stages::JobSpec& job) {
  const std::string& folder = job.folder;
  if (folder.empty() || !job.directory.starts_with(folder)) return {};
  const std::string before = job.directory.substr(folder.size());
  std::error_code error;
  if (!std::filesystem::is_directory(before, error) ||
      std::filesystem::exists(job.directory, error))
    return {};
  const std::string parent = std::filesystem::path(job.directory).parent_path();
  return core::fail(core::ErrorCode::pipeline,
                    fmt::format("this job has a checkpoint in the working directory, {0}, and "
                                "relative paths in a pipeline file now "
                                "belong to the file's own folder, {1}. To go on with that job: "
                                "mkdir -p {2} && mv {0} {3}, and move its "
                                "output and rejects beside the file likewise. To begin a new one, "
                                "move {0} away. Nothing was changed",
                                before, folder, parent, job.directory),
                    job.questions[0].file);
}

core::Result<std::vector<std::string>> set_aside(const stages::JobSpec& job,
                                                 const std::string& suffix) {
  std::error_code error;
  std::vector<std::string> moved;
  const auto move = [&](const std::string& path) -> core::Status {
    if (!std::filesystem::exists(path, error)) return {};
    const std::string to = path + suffix;
    if (std::filesystem::exists(to, error))
      return core::fail(core::ErrorCode::io, "is there already: try again in a second", to);
    std::filesystem::rename(path, to, error);
    if (error)
      return core::fail(core::ErrorCode::io, "cannot be set aside: " + error.message(), path);
    moved.push_back(to);
    return storage::sync_name(to);
  };
  if (!std::filesystem::exists(job.directory, error)) return moved;
  for (const stages::PipelineSpec& question : job.questions) {
    const auto taken = queue::rows_taken_in(question.checkpoint.directory);
    if (!taken) return std::unexpected(taken.error());
    if (*taken > 0)
      return core::fail(
          core::ErrorCode::usage,
          fmt::format("{} rows are kept here that the queue has forgotten (ack = "
                      "\"intake\"), and would be set aside with the rest: run the job "
                      "without --fresh first. Nothing was changed",
                      *taken),
          question.checkpoint.directory);
  }
  const auto lock = store::JobLock::take(job.directory, job.name);
  if (!lock) return std::unexpected(lock.error());
  // The checkpoint last: until it has gone, the job is as it was, and its files are written again.
  std::vector<std::string> paths;
  for (const stages::PipelineSpec& question : job.questions) {
    for (const std::string& path : {question.sink.path, question.sink.rejects})
      if (!path.starts_with(job.directory + "/")) paths.push_back(path);
    for (const stages::DeliverySpec& to : question.sink.deliveries) paths.push_back(to.path);
  }
  paths.push_back(job.directory);
  for (const std::string& path : paths)
    if (auto done = move(path); !done) return std::unexpected(done.error());
  return moved;
}

}  // namespace sluice::job
