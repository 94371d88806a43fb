// Where the events of a run go (observe/events.h): to standard error with --log json, and to the file of --log-file
// whatever else is shown.
//
// Threads: any, once it is open.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "core/error.h"
#include "observe/events.h"
#include "observe/log_file.h"
#include "stages/spec.h"

namespace sluice::cli {

enum class Log : std::uint8_t { text, json };

struct RunLog {
  Log style = Log::text;  // of standard error
  std::string path;       // of the file; empty: none
  std::shared_ptr<observe::LogFile> file = {};

  // Before the first event. `job`: null where the pipeline file does not load. ErrorCode::usage for one of the job's files.
  core::Status open(const std::string& pipeline_file, const stages::JobSpec* job);

  // A line of --log json.
  void event(const std::string& json) const;
  // To the file alone, of what stands elsewhere too.
  void keep(const std::string& json) const;
  // "note: …", or a notice.
  void note(const std::string& text, observe::Level level = observe::Level::warning) const;

  friend bool operator==(const RunLog& log, Log style) { return log.style == style; }
};

// Adds --log and --log-file, which fill `log`.
void add_log_options(CLI::App& command, RunLog& log);

// ErrorCode::usage where a file of this name would be one of the job's, or be read by it: of those that a run writes beside
// its output. `what`: "the log". `job`: null where it is not known.
core::Status apart_from_job(const std::string& path, std::string_view what,
                            const std::string& pipeline_file, const stages::JobSpec* job);

}  // namespace sluice::cli
