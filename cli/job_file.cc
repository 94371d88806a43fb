#include "cli/job_file.h"

#include <fmt/format.h>

#include <cstdlib>

#include "cli/settings.h"
#include "core/printable.h"
#include "dsl/load.h"
#include "shell/help_text.h"
#include "shell/standard_streams.h"

namespace sluice::cli {

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
      ->group(std::string(shell::kCommonGroup));
  command
      .add_option("--set-file", setting_files,
                  "A file of parameters, a name = value a line; --set wins over it")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->take_all()
      ->group(std::string(shell::kCommonGroup));
  command
      .add_option("--lib", libraries,
                  "A folder that require and s.file may read from, beside the pipeline file's own; "
                  "those of SLUICE_LIB (with ':' between them) come after it")
      ->type_name("DIR")
      ->check(CLI::Validator(CLI::ExistingDirectory).description(""))
      ->allow_extra_args(false)
      ->take_all()
      ->group(std::string(shell::kCommonGroup));
}

core::Result<dsl::LoadOptions> JobFile::load_options(Secrets secrets) const {
  dsl::LoadOptions options;
  auto parameters = read_settings(setting_files, settings);
  if (!parameters) return std::unexpected(parameters.error());
  options.parameters = std::move(*parameters);
  const auto folders = environment_libraries();
  if (!folders) return std::unexpected(folders.error());
  options.libraries = libraries;
  options.libraries.insert(options.libraries.end(), folders->begin(), folders->end());
  options.text = text;
  if (const char* prices = std::getenv("SLUICE_PRICES")) options.prices = prices;
  options.environment = [secrets](const std::string& name) -> std::optional<std::string> {
    if (secrets == Secrets::unread) return std::string(kUnreadSecret);
    const char* value = std::getenv(name.c_str());
    if (secrets == Secrets::there && (value == nullptr || *value == '\0'))
      return std::string(kUnreadSecret);
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
  shell::say(fmt::format("{}{}\n", marked ? "" : "sluice: ", text));
  return core::exit_code(error.code);
}

}  // namespace sluice::cli
