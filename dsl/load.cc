#include "dsl/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "dsl/job_paths.h"
#include "dsl/lua_state.h"
#include "dsl/scripts.h"
#include "script/diagnostic.h"
#include "stages/question.h"

namespace sluice::dsl {
namespace {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// A --set that the file does not ask for is a slip.
core::Status check_parameters(const script::Project& project) {
  const auto unused = project.unused_parameters();
  if (unused.empty()) return {};
  const auto known = project.known_parameters();
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  std::string hint = known.empty() ? "this file takes none"
                                   : fmt::format("this file takes: {}", fmt::join(known, ", "));
  const std::string_view near = script::nearest(unused.front(), candidates);
  if (!near.empty()) hint = fmt::format("did you mean '{}'? {}", near, hint);
  return std::unexpected(script::error_in(
      project.file(), fmt::format("unknown parameter '{}' in --set", unused.front()), hint));
}

// Puts the function with this number into its place.
void put_function(stages::JobSpec& job, const FunctionPlace& place, std::size_t number,
                  Scripts& scripts, stages::Script script) {
  stages::PipelineSpec& question = job.questions[place.question];
  stages::Step* step = place.step ? &question.read.steps[*place.step] : nullptr;
  switch (place.kind) {
    case FunctionKind::map:
      std::get<stages::MapStep>(*step) = {scripts.map_function(number), std::move(script)};
      break;
    case FunctionKind::keep:
      std::get<stages::KeepStep>(*step) = {scripts.keep_function(number), std::move(script)};
      break;
    case FunctionKind::explode:
      std::get<stages::ExplodeStep>(*step) = {scripts.explode_function(number), std::move(script)};
      break;
    case FunctionKind::check: {
      auto& validate = step == nullptr ? *question.validate : std::get<stages::ValidateSpec>(*step);
      validate.check = scripts.check_function(number);
      validate.script = std::move(script);
      break;
    }
    case FunctionKind::escalate:
      std::get<stages::EscalateStep>(*step) = {scripts.escalate_function(number),
                                               std::move(script)};
      break;
    case FunctionKind::user:
      question.pack.user = scripts.render_function(number);
      question.pack.user_script = std::move(script);
      break;
    case FunctionKind::parse:
      question.parse.parse = scripts.parse_function(number, question.pack.answer);
      question.parse.script = std::move(script);
      break;
  }
}

}  // namespace

core::Result<stages::JobSpec> load(const std::string& path, const LoadOptions& options) {
  auto project = std::make_shared<script::Project>(
      path, options.parameters, options.environment ? options.environment : process_environment,
      options.libraries);
  project->set_default_data(options.prices);
  if (options.text) project->put_file(*options.text);
  auto state = State::load(project);
  if (!state) return std::unexpected(std::move(state.error()));
  if (auto fine = check_parameters(*project); !fine)
    return std::unexpected(std::move(fine.error()));
  project->seal();

  auto [job, functions] = (*state)->pipeline();
  put_beside(job, path);
  for (stages::PipelineSpec& question : job.questions)
    if (question.dispatch.prices.empty()) question.dispatch.prices = options.prices;
  job.files = project->files();
  job.variables = project->variables();
  for (const script::Parameter& each : project->parameters())
    job.parameters.push_back(
        {each.name, each.type, each.value, each.help, each.choices, each.given});
  if (!functions.empty()) {  // else no Lua runs
    job.undefined = (*state)->undefined_globals();
    std::vector<stages::Script> about;
    for (std::size_t i = 0; i < functions.size(); ++i) {
      about.push_back({(*state)->version(i), (*state)->place(i)});
      if (functions[i].kind == FunctionKind::parse)
        job.questions[functions[i].question].parse.takes_row = (*state)->takes_two(i);
    }
    const auto scripts = Scripts::make(project, std::move(*state));
    for (std::size_t i = 0; i < functions.size(); ++i)
      put_function(job, functions[i], i, *scripts, std::move(about[i]));
  }
  for (std::size_t k = 1; k < job.questions.size(); ++k) {
    const stages::PipelineSpec& before = job.questions[k - 1];
    job.questions[k].source = stages::fingerprint(before, stages::make_question(before));
  }
  return std::move(job);
}

}  // namespace sluice::dsl
