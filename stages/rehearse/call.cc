#include "rehearse/call.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <functional>
#include <sstream>
#include <type_traits>

#include "core/json.h"
#include "format/json_value.h"
#include "stages/prompt_template.h"
#include "stages/validate.h"

namespace sluice::rehearse {
namespace {

namespace dom = simdjson::dom;
using Function = Call::Function;
// What a function gives, as JSON; or its reason.
using Given = std::expected<std::string, std::string>;
using Callable = std::function<Given(const core::Row& row, std::size_t number)>;

std::string in_quotes(std::string_view text) {
  std::string json;
  core::append_json_string(json, text);
  return json;
}

// The nth step of a kind; of the validates, a question's last one stands behind its steps.
template <class T>
const T* nth_step(const stages::JobSpec& job, std::size_t nth) {
  for (const stages::PipelineSpec& question : job.questions) {
    for (const stages::Step& step : question.read.steps) {
      const T* of_kind = std::get_if<T>(&step);
      if (of_kind != nullptr && --nth == 0) return of_kind;
    }
    if constexpr (std::is_same_v<T, stages::ValidateSpec>) {
      if (question.validate && --nth == 0) return &*question.validate;
    }
  }
  return nullptr;
}

// The nth question for which `has` holds. The levels of a cascade ask one and the same.
template <class Has>
const stages::PipelineSpec* nth_question(const stages::JobSpec& job, std::size_t nth, Has has) {
  for (const stages::PipelineSpec& question : job.questions)
    if (question.level.number <= 1 && has(question) && --nth == 0) return &question;
  return nullptr;
}

// That of the nth cascade: all its later levels have the same.
const stages::EscalateStep* nth_escalate(const stages::JobSpec& job, std::size_t nth) {
  for (const stages::PipelineSpec& question : job.questions)
    if (question.level.number == 2 && --nth == 0)
      return std::get_if<stages::EscalateStep>(&question.read.steps.front());
  return nullptr;
}

template <class Result>
Given text_given(Result&& result) {
  if (!result) return std::unexpected(result.error().message);
  return std::move(*result);
}

Given render(const stages::PipelineSpec& spec, const core::Row& row) {
  if (spec.pack.user) {
    const auto prompt = spec.pack.user(row);
    if (!prompt) return std::unexpected(prompt.error().message);
    return in_quotes(*prompt);
  }
  dom::parser parser;
  dom::object object;
  const auto parsed = stages::PromptTemplate::parse(spec.pack.user_template);
  if (!parsed || format::parse_json(parser, row.raw, object))
    return std::unexpected("the row is not a JSON object");
  const auto prompt = parsed->render(object, row.raw);
  if (!prompt) return std::unexpected(fmt::format("the row lacks the field '{}'", prompt.error()));
  return in_quotes(*prompt);
}

Given validated(const stages::ValidateSpec& spec, const core::Row& row) {
  dom::parser parser;
  dom::object object;
  if (format::parse_json(parser, row.raw, object))
    return std::unexpected("the row is not a JSON object");
  const auto why = stages::validate(spec, row, object);
  if (why) return std::unexpected(why->detail.empty() ? why->reason : why->detail);
  return "true";
}

Callable validate_callable(const stages::JobSpec& job, const Call& call) {
  const auto* validate = nth_step<stages::ValidateSpec>(job, call.nth);
  if (validate == nullptr) return {};
  if (call.function == Function::validate)
    return [validate](const core::Row& row, std::size_t) { return validated(*validate, row); };
  if (!validate->check) return {};
  return [validate](const core::Row& row, std::size_t) -> Given {
    const auto checked = validate->check(row);
    if (!checked) return std::unexpected(checked.error().message);
    return "true";
  };
}

Callable step_callable(const stages::JobSpec& job, const Call& call) {
  if (call.function == Function::map) {
    const auto* step = nth_step<stages::MapStep>(job, call.nth);
    if (step == nullptr) return {};
    return [step](const core::Row& row, std::size_t) { return text_given(step->map(row)); };
  }
  if (call.function == Function::keep) {
    const auto* step = nth_step<stages::KeepStep>(job, call.nth);
    if (step == nullptr) return {};
    return [step](const core::Row& row, std::size_t) -> Given {
      const auto kept = step->keep(row);
      if (!kept) return std::unexpected(kept.error().message);
      return *kept ? "true" : "false";
    };
  }
  const auto* step = nth_step<stages::ExplodeStep>(job, call.nth);
  if (step == nullptr) return {};
  return [step](const core::Row& row, std::size_t) -> Given {
    const auto rows = step->explode(row);
    if (!rows) return std::unexpected(rows.error().message);
    std::string list;
    core::JsonWriter w(list);
    w.open('[');
    for (const std::string& each : *rows) w.raw(each);
    w.close(']');
    return list;
  };
}

// Empty when the pipeline has no such function.
Callable callable(const stages::JobSpec& job, const Call& call) {
  switch (call.function) {
    case Function::map:
    case Function::keep:
    case Function::explode:
      return step_callable(job, call);
    case Function::validate:
    case Function::check:
      return validate_callable(job, call);
    case Function::user: {
      const auto* spec = nth_question(job, call.nth, [](const auto&) { return true; });
      if (spec == nullptr) return {};
      return [spec](const core::Row& row, std::size_t) { return render(*spec, row); };
    }
    case Function::escalate: {
      const auto* step = nth_escalate(job, call.nth);
      if (step == nullptr) return {};
      return [step, &call](const core::Row& row, std::size_t number) -> Given {
        const auto escalated = step->escalate(call.answers[number], row);
        if (!escalated) return std::unexpected(escalated.error().message);
        return *escalated ? "true" : "false";
      };
    }
    case Function::parse: {
      const auto* spec = nth_question(
          job, call.nth, [](const auto& question) { return bool(question.parse.parse); });
      if (spec == nullptr) return {};
      return [spec, &call](const core::Row& row, std::size_t number) {
        return text_given(spec->parse.parse(call.answers[number], row));
      };
    }
  }
  return {};
}

constexpr std::string_view kNames[] = {"map",   "keep", "explode", "validate",
                                       "check", "user", "parse",   "escalate"};

void compare(const Call& call, std::size_t number, const Given& given, Diff& diff) {
  const auto add = [&](std::string expected, std::string got) {
    diff.push_back({' ', fmt::format("row {}", number + 1)});
    diff.push_back({'-', std::move(expected)});
    diff.push_back({'+', std::move(got)});
  };
  const std::string got = given ? *given : "fails: " + given.error();
  if (!call.fails.empty()) {
    if (given || !given.error().contains(call.fails)) add("fails: " + call.fails, got);
    return;
  }
  const std::string& expected = call.returns[number];
  if (given && matches(expected, *given)) return;
  if (!given || !given->starts_with('{') || !expected.starts_with('{')) return add(expected, got);
  diff.push_back({' ', fmt::format("row {}", number + 1)});
  for (DiffLine& line : differing_fields(expected, *given, false)) diff.push_back(std::move(line));
}

}  // namespace

core::Result<Diff> call_differences(const stages::JobSpec& job, const Case& test) {
  const Call& call = *test.call;
  const std::string_view name = kNames[static_cast<std::size_t>(call.function)];
  const Callable function = callable(job, call);
  if (!function)
    return core::fail(core::ErrorCode::pipeline,
                      call.nth == 1
                          ? fmt::format("the pipeline has no function for {}", name)
                          : fmt::format("the pipeline has no {} number {}", name, call.nth));
  Diff diff;
  std::istringstream lines(test.rows);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    core::Row row;
    row.raw = line;
    row.line = number + 1;
    compare(call, number, function(row, number), diff);
  }
  return diff;
}

}  // namespace sluice::rehearse
