// The options that plan and simulate have in common: what nobody has measured yet.
//
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "inspect/plan_job.h"

namespace sluice::cli {

struct PlanFlags {
  std::uint64_t sample = 2000;
  std::vector<std::string> engines;  // "NAME=ENGINE", or "ENGINE" for all
  std::vector<std::string> per_hour;
  std::vector<std::string> latencies;
  std::vector<std::string> outputs;
  bool json = false;

  void add_options(CLI::App& command);
  core::Result<inspect::PlanSetup> setup() const;
};

}  // namespace sluice::cli
