#include "cli/job_file.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/help_text.h"
#include "cli/standard_streams.h"
#include "core/printable.h"
#include "dsl/load.h"

namespace sluice::cli {

namespace {

// The folders of SLUICE_LIB.
std::vector<std::string> environment_libraries() {
  std::vector<std::string> folders;
  const char* value = std::getenv("SLUICE_LIB");
  std::istringstream list(value != nullptr ? value : "");
  for (std::string folder; std::getline(list, folder, ':');)
    if (!folder.empty()) folders.push_back(folder);
  return folders;
}

}  // namespace

void JobFile::add_options(CLI::App& command) {
  command.add_option("FILE", path, "The pipeline file: Lua, as `sluice check` reads it")
      ->type_name("FILE")
      ->required();
  add_common_options(command);
}

void JobFile::add_common_options(CLI::App& command) {
  command.add_option("--set", settings, "A parameter of the pipeline file (s.param)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)  // what follows is an argument of its own
      ->take_all()
      ->group(std::string(kCommonGroup));
  command
      .add_option("--lib", libraries,
                  "A folder that require and s.file may read from, beside the pipeline file's own; "
                  "those of SLUICE_LIB (with ':' between them) come after it")
      ->type_name("DIR")
      ->check(CLI::Validator(CLI::ExistingDirectory).description(""))
      ->allow_extra_args(false)
      ->take_all()
      ->group(std::string(kCommonGroup));
}

core::Result<dsl::LoadOptions> JobFile::load_options(Secrets secrets) const {
  dsl::LoadOptions options;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == setting.npos || equals == 0) {
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--set takes name=value, not '{}'", setting));
    }
    options.parameters[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  options.libraries = libraries;
  for (std::string& folder : environment_libraries())
    options.libraries.push_back(std::move(folder));
  options.text = text;
  options.environment = [secrets](const std::string& name) -> std::optional<std::string> {
    if (secrets == Secrets::unread) return std::string(kUnreadSecret);
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  };
  return options;
}

core::Result<stages::JobSpec> JobFile::load(Secrets secrets) const {
  const auto options = load_options(secrets);
  if (!options) return std::unexpected(options.error());
  return dsl::load(path, *options);
}

core::Result<inspect::Alike> JobFile::alike(const stages::JobSpec& job) const {
  const auto again = load(Secrets::unread);
  if (!again) return std::unexpected(again.error());
  return inspect::alike(job, *again);
}

int report(const core::Error& error) {
  const bool marked = error.message.starts_with("error: ");
  const std::string text = core::printable(error.text(), core::Lines::kept);
  say(fmt::format("{}{}\n", marked ? "" : "sluice: ", text));
  return core::exit_code(error.code);
}

}  // namespace sluice::cli
