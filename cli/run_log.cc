#include "cli/run_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/clock.h"
#include "job/job_files.h"
#include "shell/number_range.h"
#include "shell/standard_streams.h"

namespace sluice::cli {
namespace {

const core::SystemClock kClock;

bool are_one(const std::string& a, const std::string& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error) && !error;
}

std::string note_text(const std::string& text, observe::Level level, Log style) {
  return style == Log::json ? observe::notice_json(text, kClock.wall_now(), level) + "\n"
                            : "note: " + text + "\n";
}

}  // namespace

core::Status RunLog::open(const std::string& pipeline_file, const stages::JobSpec* job) {
  if (path.empty()) return {};
  if (auto apart = apart_from_job(path, "the log", pipeline_file, job); !apart) return apart;
  auto opened = observe::LogFile::open(path, kClock, [style = style](const std::string& problem) {
    shell::say(note_text(problem, observe::Level::warning, style));
  });
  if (!opened) return std::unexpected(opened.error());
  file = std::move(*opened);
  return {};
}

void RunLog::event(const std::string& json) const {
  keep(json);
  if (style == Log::json) shell::say(json + "\n");
}

void RunLog::keep(const std::string& json) const {
  if (file != nullptr) file->write(json);
}

void RunLog::note(const std::string& text, observe::Level level) const {
  if (file != nullptr) file->write(observe::notice_json(text, kClock.wall_now(), level));
  shell::say(note_text(text, level, style));
}

void add_log_options(CLI::App& command, RunLog& log) {
  shell::restrict_to(
      command.add_option_function<std::string>(
          "--log",
          [&log](const std::string& text) { log.style = text == "json" ? Log::json : Log::text; },
          "Progress and summary: for people, or a JSON object a line"),
      {"text", "json"});
  command
      .add_option(
          "--log-file", log.path,
          "Append the lines of --log json to this file, whatever is shown; it may be rotated")
      ->type_name("FILE");
}

core::Status apart_from_job(const std::string& path, std::string_view what,
                            const std::string& pipeline_file, const stages::JobSpec* job) {
  const auto is_path = [&](const std::string& file) { return are_one(path, file); };
  if (is_path(pipeline_file) || (job != nullptr && std::ranges::any_of(job->files, is_path)))
    return core::fail(core::ErrorCode::usage,
                      fmt::format("this is a file of the pipeline: give {} another name", what),
                      path);
  return job == nullptr ? core::Status() : job::keep_export_apart(*job, path, what);
}

}  // namespace sluice::cli
