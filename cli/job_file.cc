#include "cli/job_file.h"

#include <fmt/format.h>

#include <cstdlib>

#include "dsl/pipeline.h"

namespace sluice::cli {

void JobFile::add_options(CLI::App& command) {
  command.add_option("file", path, "The pipeline file")->required();
  command
      .add_option("--set", settings, "A parameter of the pipeline file (s.param), as name=value")
      ->take_all();
}

core::Result<stages::JobSpec> JobFile::load(Secrets secrets) const {
  dsl::LoadOptions options;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == setting.npos || equals == 0) {
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--set takes name=value, not '{}'", setting));
    }
    options.parameters[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  options.environment = [secrets](const std::string& name) -> std::optional<std::string> {
    if (const char* value = std::getenv(name.c_str())) return value;
    if (secrets == Secrets::required) return std::nullopt;
    return "not set";  // stands in: nothing is sent
  };
  return dsl::load(path, options);
}

int report(const core::Error& error) {
  const bool marked = error.message.starts_with("error: ");
  if (marked) {
    fmt::print(stderr, "{}\n", error.text());
  } else {
    fmt::print(stderr, "sluice: {}\n", error.text());
  }
  return core::exit_code(error.code);
}

}  // namespace sluice::cli
