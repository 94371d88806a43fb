// How the end of `sluice run` is told beside what it prints: a file with the summary (--summary), a command (--notify), a
// webhook (on_end of the pipeline file). Each gets one JSON object: the summary of `--log json`, with "end", "exit" and,
// of a failed run, "error" behind its other fields; of a run that fails before there is a summary, these with "event",
// "time", "file" and, as far as it is known, "job".
//
// Threads: the main one.
//
// Invariants:
//   1. Once an object of this class stands, each of them is told once, whatever ends the run but the process's own end.
//   2. A command or a webhook that fails is a note, and the exit status stays; a summary that cannot be written makes a
//      status below 5 one of 5, as output that cannot be printed does.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "cli/run_command.h"
#include "core/error.h"
#include "inspect/remarks.h"
#include "notify/webhook.h"
#include "stages/spec.h"

namespace sluice::cli {

class RunEnd {
 public:
  explicit RunEnd(const RunFlags& flags);

  // The pipeline file has loaded. An error where its webhook, or the path of --summary, cannot be used.
  core::Status begin(const stages::JobSpec& job);
  // Whether ended() is to be called.
  bool wants_summary() const { return webhook_ || !flags_.notify.empty() || !path_.empty(); }
  void ended(std::string summary, bool finished);
  void failed(const core::Error& error) { error_ = error; }

  // Once. The exit status.
  int tell(int exit_status);

 private:
  std::string_view end() const;
  std::string object(int exit_status) const;

  const RunFlags& flags_;
  std::string path_;  // of the summary; empty: it is not written
  std::string job_;
  std::optional<notify::Webhook> webhook_;
  std::string summary_;  // empty: there is none
  bool finished_ = false;
  std::optional<core::Error> error_;
};

// Adds --notify and --summary.
void add_end_options(CLI::App& command, RunFlags& flags);

// "https://example.com", or words where a variable holds it; empty without a webhook. For `check`.
std::string webhook_server(const stages::JobSpec& job);
// What `check` finds about on_end.
std::vector<inspect::Remark> end_remarks(const stages::JobSpec& job);

}  // namespace sluice::cli
