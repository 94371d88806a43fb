// A run as `sluice run` does it, for commands that come to one by another way (`sluice ask`).
//
// Threads: the main one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/job_file.h"
#include "cli/run_log.h"
#include "cli/run_watch.h"

namespace sluice::cli {

struct RunFlags {
  JobFile file;
  bool fresh = false;       // set aside what earlier runs left, and start over
  bool keep_going = false;  // also where the first rows all fail alike
  bool detach = false;      // hand over batches, and leave
  bool yes = false;         // ask rows again that the file asks otherwise now, whatever it costs
  std::optional<std::uint64_t> limit;  // read at most so many rows
  RunLog log;
  WatchFlags watch = {};
  std::string notify;   // a shell command to run at the end; empty: none
  std::string summary;  // a file for the summary; empty: none
};

// Adds --fresh, --yes and --keep-going.
void add_run_flags(CLI::App& command, RunFlags& flags);

// Loads the file, runs or resumes the job, says how it went. The exit status.
int run_job(const RunFlags& flags);

}  // namespace sluice::cli
