#include "stages/cascade.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/json.h"
#include "format/json_value.h"
#include "stages/validate.h"

namespace sluice::stages {
namespace {

namespace dom = simdjson::dom;
using core::Stage;

constexpr std::string_view kRow = "row";

constexpr std::array kStages = {Stage::read,     Stage::map,      Stage::keep,
                                Stage::explode,  Stage::validate, Stage::pack,
                                Stage::dispatch, Stage::parse,    Stage::escalate};

std::string as_written(const dom::element& value, std::string_view text) {
  std::string json;
  format::append_as_written(json, value, text);
  return json;
}

std::string text_of(const dom::object& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

core::Reject reject_of(const dom::object& object) {
  core::Reject reject{.stage = Stage::read,
                      .reason = text_of(object, "reason"),
                      .detail = text_of(object, "detail"),
                      .history = {}};
  const auto* stage = std::ranges::find(kStages, text_of(object, "stage"), core::stage_name);
  if (stage != kStages.end()) reject.stage = *stage;
  dom::array history;
  if (object["history"].get(history) == simdjson::SUCCESS) {
    for (const dom::element step : history) {
      std::string_view text;
      if (step.get(text) == simdjson::SUCCESS) reject.history.emplace_back(text);
    }
  }
  return reject;
}

// A row that was asked and has no answer. A function that failed would fail on the next answer too.
bool is_asked_next(const core::Reject& reject) {
  return (reject.stage == Stage::dispatch || reject.stage == Stage::parse) &&
         reject.reason != "script_error";
}

void set_reject(core::Row& row, core::Reject why) {
  row.reject = std::make_shared<const core::Reject>(std::move(why));
}

void read_reject(const dom::object& object, std::string_view line, core::Row& row) {
  dom::element element;
  if (object[kRow].get(element) == simdjson::SUCCESS) {
    std::string_view text;  // a line that was not a row at all
    row.raw = element.get(text) == simdjson::SUCCESS
                  ? std::string(text)
                  : as_written(element, format::member_text(object, line, kRow));
  }
  core::Reject reject = reject_of(object);
  if (!is_asked_next(reject)) set_reject(row, std::move(reject));
}

core::Accepted read_answer(const dom::object& object, std::string_view line, core::Row& row) {
  core::Accepted answer;
  format::MemberTexts texts(line);
  std::size_t place = 0;
  for (const auto& [name, value] : object) {
    const std::string_view text = texts.next();
    if (place == 0) {
      row.raw = as_written(value, text);
    } else if (place == 1) {
      std::string_view model;
      if (value.get(model) == simdjson::SUCCESS) answer.model = model;
    } else {
      if (place > 2) answer.members += ',';
      core::append_json_string(answer.members, name);
      answer.members += ':';
      format::append_as_written(answer.members, value, text);
    }
    ++place;
  }
  return answer;
}

}  // namespace

void append_level_start(std::string& line, const core::Row& row, std::string_view model) {
  line += R"({"row":)";
  line += row.raw;  // the readers give each row on one line
  line += R"(,"model":)";
  core::append_json_string(line, model);
  line += ',';
}

core::Row next_level(const EscalateStep& step, core::Row&& line) {
  core::Row row;
  row.line = line.line;
  row.source = line.source;
  thread_local dom::parser parser;
  dom::object object;
  if (line.reject || format::parse_json(parser, line.raw, object) != simdjson::SUCCESS ||
      object.size() == 0) {
    set_reject(line, {Stage::escalate,
                      "not_json",
                      "this line of the level before cannot be read: sluice audit says what its "
                      "file has, and the checkpoint writes it again",
                      {}});
    return std::move(line);
  }
  if ((*object.begin()).key != kRow) {
    read_reject(object, line.raw, row);
    return row;
  }
  core::Accepted answer = read_answer(object, line.raw, row);
  const std::string as_object = "{" + answer.members + "}";
  const auto escalated = step.escalate(as_object, row);
  if (!escalated) {
    core::Reject why = script_reject(Stage::escalate, escalated.error(), "script_error");
    why.history.push_back("the answer was " + as_object);  // it is paid for
    set_reject(row, std::move(why));
  } else if (!*escalated) {
    row.accepted = std::make_shared<const core::Accepted>(std::move(answer));
  }
  return row;
}

std::string question_title(const JobSpec& job, std::size_t question) {
  const auto begins = [](const PipelineSpec& spec) { return spec.level.number <= 1; };
  const auto end = job.questions.begin() + static_cast<std::ptrdiff_t>(question) + 1;
  const auto number = std::count_if(job.questions.begin(), end, begins);
  const auto count = std::ranges::count_if(job.questions, begins);
  const Level& level = job.questions[question].level;
  std::string title;
  if (count > 1) title = fmt::format("question {} of {}", number, count);
  if (level.number > 0)
    title += fmt::format("{}level {} of {}", title.empty() ? "" : ", ", level.number, level.count);
  return title;
}

}  // namespace sluice::stages
