// The pipeline file and its --set parameters, as several commands take them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"

namespace sluice::cli {

enum class Secrets : std::uint8_t {
  required,  // an unset variable is an error: something will be sent
  optional,  // nothing is sent
};

struct JobFile {
  std::string path;
  std::vector<std::string> settings;  // "name=value"

  void add_options(CLI::App& command);
  core::Result<stages::JobSpec> load(Secrets secrets) const;
};

// Prints the error for a person and returns the exit status that it stands for.
int report(const core::Error& error);

}  // namespace sluice::cli
