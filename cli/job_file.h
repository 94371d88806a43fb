// The pipeline file and its --set parameters, as several commands take them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "dsl/load.h"
#include "inspect/alike.h"
#include "place/settings.h"
#include "stages/spec.h"

namespace sluice::cli {

enum class Secrets : std::uint8_t {
  required,  // an unset variable is an error: something will be sent
  there,  // where they are set: files of other machines may be read with them, and nothing is asked
  unread,  // nothing is sent: no variable is looked at
};

// What stands in for the values of variables with Secrets::unread, and of unset ones with Secrets::there.
constexpr std::string_view kUnreadSecret = place::kUnreadSecret;

struct JobFile {
  std::string path;
  std::optional<std::string> text;    // of the file, where it is not on the disk (ask)
  std::vector<std::string> settings;  // "name=value"
  std::vector<std::string> setting_files;
  std::vector<std::string> libraries;  // folders

  void add_options(CLI::App& command);
  void add_common_options(CLI::App& command);  // all but the file
  core::Result<dsl::LoadOptions> load_options(Secrets secrets) const;
  core::Result<stages::JobSpec> load(Secrets secrets) const;
  // Loads the file once more and holds both against each other on the first rows of the input
  // (stages/inspect/alike.h).
  core::Result<inspect::Alike> alike(const stages::JobSpec& job) const;
};

// Prints the error for a person and returns the exit status that it stands for.
int report(const core::Error& error);

}  // namespace sluice::cli
