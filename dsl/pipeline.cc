#include "dsl/pipeline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "dsl/scripts.h"
#include "dsl/source_error.h"
#include "dsl/state.h"

namespace sluice::dsl {
namespace {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// A --set that the file does not ask for is a slip.
core::Status check_parameters(const Project& project) {
  const auto unused = project.unused_parameters();
  if (unused.empty()) return {};
  const auto known = project.known_parameters();
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  std::string hint = known.empty() ? "this file takes none"
                                   : fmt::format("this file takes: {}", fmt::join(known, ", "));
  const std::string_view near = nearest(unused.front(), candidates);
  if (!near.empty()) hint = fmt::format("did you mean '{}'? {}", near, hint);
  return std::unexpected(error_in(
      project.file(), fmt::format("unknown parameter '{}' in --set", unused.front()), hint));
}

}  // namespace

core::Result<stages::PipelineSpec> load(const std::string& path, const LoadOptions& options) {
  auto project = std::make_shared<Project>(
      path, options.parameters, options.environment ? options.environment : process_environment);
  auto state = State::load(project);
  if (!state) return std::unexpected(std::move(state.error()));
  if (auto fine = check_parameters(*project); !fine)
    return std::unexpected(std::move(fine.error()));
  project->seal();

  stages::PipelineSpec spec = (*state)->spec();
  const bool user = (*state)->has(Function::user);
  const bool check = (*state)->has(Function::check);
  const bool parse = (*state)->has(Function::parse);
  if (!user && !check && !parse) return spec;  // no Lua runs

  const core::Hash128 version = project->version();
  const core::Hash128 parse_code = parse ? (*state)->code_hash(Function::parse) : core::Hash128{};
  const auto scripts = Scripts::make(project, std::move(*state));
  if (user) {
    spec.pack.user = scripts->render_function();
    spec.pack.user_version = version;
  }
  if (check) {
    spec.validate->check = scripts->check_function();
    spec.validate->check_version = version;
  }
  if (parse) {
    spec.parse.parse = scripts->parse_function();
    spec.parse.parse_version = parse_code;
  }
  return spec;
}

}  // namespace sluice::dsl
