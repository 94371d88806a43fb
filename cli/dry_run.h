// sluice run --dry-run: the requests that a run would send, as JSON lines.
//
// Threads: the main one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/job_file.h"

namespace sluice::cli {

struct DryRunFlags {
  bool only = false;                   // --dry-run
  std::string to;                      // empty: standard output
  std::optional<std::uint64_t> limit;  // read at most so many rows
};

// Adds --dry-run and --to.
void add_dry_run_options(CLI::App& command, DryRunFlags& flags);

// The exit status: 1 where rows would be rejected unasked, else 0, or an error's.
int dry_run(const JobFile& file, const DryRunFlags& flags);

}  // namespace sluice::cli
