#include "inspect/alike.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <type_traits>

#include "core/json.h"
#include "core/printable.h"
#include "inspect/first_rows.h"
#include "inspect/line_identity.h"
#include "stages/output_line.h"
#include "stages/prepare.h"
#include "stages/question.h"
#include "stages/steps.h"

namespace sluice::inspect {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSampleRows = 20;
constexpr std::size_t kRowsOfOne = 4;  // that steps make of one row
constexpr std::chrono::seconds kSampleTime{2};

// What one call gave.
struct CallResult {
  std::string_view function;
  std::string place;
  std::string text;
};

std::string text_of(const std::string& text) {
  return text;
}
std::string text_of(bool yes) {
  return yes ? "true" : "false";
}
std::string text_of(const std::vector<std::string>& rows) {
  std::string all;
  for (const std::string& row : rows) all += row + '\n';
  return all;
}

// One question's functions at work, noting what they give.
class Worker {
 public:
  Worker(const stages::PipelineSpec& spec, Clock::time_point deadline)
      : deadline_(deadline),
        spec_(spec),
        question_(stages::make_question(spec)),
        lines_(spec, question_.answer_names()),
        answer_(made_up_answer()) {
    for (stages::Step& step : spec_.read.steps) {
      if (auto* map = std::get_if<stages::MapStep>(&step)) note(map->map, "map", map->script);
      if (auto* keep = std::get_if<stages::KeepStep>(&step)) note(keep->keep, "keep", keep->script);
      if (auto* explode = std::get_if<stages::ExplodeStep>(&step))
        note(explode->explode, "explode", explode->script);
      if (auto* validate = std::get_if<stages::ValidateSpec>(&step))
        note(validate->check, "check", validate->script);
      if (auto* escalate = std::get_if<stages::EscalateStep>(&step))
        note(escalate->escalate, "escalate", escalate->script);
    }
    if (spec_.validate) note(spec_.validate->check, "check", spec_.validate->script);
    note(spec_.pack.user, "user", spec_.pack.user_script);
    note(spec_.parse.parse, "parse", spec_.parse.script);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  struct Made {
    std::vector<CallResult> results;
    core::RowBatch rows;  // as the next question reads them
    std::vector<core::Hash128> questions;
    std::size_t accepted = 0;  // rows that have none
    bool whole = true;         // there was time for it
  };
  Made work_on(core::Row row) {
    made_ = {};
    core::RowBatch rows;
    const stages::Steps steps(spec_.read.steps);
    steps.run(std::move(row), [&rows](core::Row&& made) {
      rows.push_back(std::move(made));
      return rows.size() < kRowsOfOne;
    });
    if (const auto prepare = stages::Prepare::make(spec_, question_)) {
      for (const stages::Item& item : prepare->run(std::move(rows)))
        if (!item.reject) answer(item);
    }
    return std::move(made_);
  }

 private:
  template <class Result, class... Given>
  void note(std::function<Result(Given...)>& function, std::string_view name,
            const stages::Script& script) {
    if (!function) return;
    function = [this, name, place = script.place,
                inner = std::move(function)](Given... given) -> Result {
      if (Clock::now() > deadline_) {
        made_.whole = false;
        return std::unexpected(stages::ScriptFailure{true, "no time left"});
      }
      Result result = inner(given...);
      std::string text;
      if (!result) {
        text = result.error().message;
      } else if constexpr (!std::is_void_v<typename Result::value_type>) {
        text = text_of(*result);
      }
      made_.results.push_back({name, place, std::move(text)});
      return result;
    };
  }

  void answer(const stages::Item& item) {
    std::string object = answer_;
    if (item.row.accepted) {
      ++made_.accepted;
      object = "{" + item.row.accepted->members + "}";
    } else {
      made_.questions.push_back(item.question);
    }
    if (spec_.parse.parse && !item.row.accepted)
      object = spec_.parse.parse(answer_, item.row).value_or("{}");
    core::Row row;
    row.raw = lines_.answer(item, std::string_view(object).substr(1, object.size() - 2), "").line;
    row.line = item.row.line;
    made_.rows.push_back(std::move(row));
  }

  std::string made_up_answer() const {
    if (!spec_.pack.examples.empty()) return spec_.pack.examples.front().answer;
    std::string json;
    core::JsonWriter writer(json);
    object(writer, question_.answer);
    return json;
  }
  static void object(core::JsonWriter& writer, const std::vector<answer::Field>& fields) {
    writer.open('{');
    for (const answer::Field& field : fields) {
      writer.key(field.name);
      value(writer, field);
    }
    writer.close('}');
  }
  static void value(core::JsonWriter& writer, const answer::Field& field) {
    switch (field.type) {
      case answer::FieldType::text:
        return writer.value("some text");
      case answer::FieldType::integer:
      case answer::FieldType::number:
        return writer.value(static_cast<std::int64_t>(field.min.value_or(field.max.value_or(1))));
      case answer::FieldType::boolean:
        return writer.value(true);
      case answer::FieldType::one_of:
        return writer.value(field.choices.front());
      case answer::FieldType::list:
        writer.open('[');
        value(writer, field.members.front());
        return writer.close(']');
      case answer::FieldType::object:
        return object(writer, field.members);
    }
  }

  const Clock::time_point deadline_;
  stages::PipelineSpec spec_;
  const stages::Question question_;
  const stages::LineWriter lines_;
  const std::string answer_;
  Made made_;
};

bool has_functions(const stages::JobSpec& job) {
  return std::ranges::any_of(job.questions, [](const stages::PipelineSpec& spec) {
    const bool steps = std::ranges::any_of(spec.read.steps, [](const stages::Step& step) {
      const auto* validate = std::get_if<stages::ValidateSpec>(&step);
      return validate == nullptr || validate->check;
    });
    return steps || (spec.validate && spec.validate->check) || spec.pack.user || spec.parse.parse;
  });
}

// Around the first place where they differ.
std::string difference(std::string_view a, std::string_view b) {
  constexpr std::size_t kBefore = 20;
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  std::size_t start = at > kBefore ? at - kBefore : 0;
  while (start > 0 && (static_cast<unsigned char>(a[start]) & 0xC0) == 0x80) --start;
  const auto shown = [start](std::string_view text) {
    return fmt::format("{}{}", start > 0 ? "…" : "", line_start(text.substr(start), 60));
  };
  return fmt::format("once '{}', once '{}'", shown(a), shown(b));
}

std::optional<core::Error> first_difference(const std::vector<CallResult>& a,
                                            const std::vector<CallResult>& b,
                                            const std::string& row) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const bool both = i < a.size() && i < b.size();
    if (both && a[i].text == b[i].text) continue;
    const CallResult& shown = i < a.size() ? a[i] : b[i];
    return core::Error{
        core::ErrorCode::pipeline,
        fmt::format("the {} function does not give the same each time for the same row ({}){}{}: "
                    "each run would ask, and pay for, rows that were answered before. Let it "
                    "depend on its arguments alone, and keep nothing from row to row",
                    shown.function, core::printable(row), both ? ": " : "",
                    both ? difference(a[i].text, b[i].text) : ""),
        shown.place};
  }
  return std::nullopt;
}

}  // namespace

core::Result<Alike> alike(const stages::JobSpec& first, const stages::JobSpec& second) {
  Alike seen;
  const stages::PipelineSpec& last = first.questions.back();
  if (stages::fingerprint(last, stages::make_question(last)) !=
      stages::fingerprint(second.questions.back(), stages::make_question(second.questions.back())))
    return core::fail(core::ErrorCode::pipeline,
                      "this file does not say the same each time it is executed: each run would "
                      "ask, and pay for, rows that were answered before",
                      last.file);
  if (!has_functions(first)) return seen;
  FirstRows input = first_rows(first.questions[0].read, kSampleRows);
  seen.path = input.path;
  seen.why_none = input.why_none;

  core::RowBatch rows = std::move(input.rows);
  for (std::size_t k = 0; k < first.questions.size() && !rows.empty(); ++k) {
    const Clock::time_point now = Clock::now();
    Worker one(first.questions[k], now + kSampleTime);
    std::vector<Worker::Made> forward;
    for (const core::Row& row : rows) {
      forward.push_back(one.work_on(row));
      if (forward.back().whole) continue;
      forward.pop_back();
      break;
    }
    // What one had time for the other has, but for the machine's moods.
    Worker other(second.questions[k], Clock::now() + 2 * kSampleTime);
    core::RowBatch next;
    for (std::size_t i = forward.size(); i-- > 0;) {
      const Worker::Made again = other.work_on(rows[i]);
      if (!again.whole) continue;
      const std::string where = k == 0 ? fmt::format("{}:{}", seen.path, rows[i].line)
                                       : fmt::format("question {}", k + 1);
      if (auto wrong = first_difference(forward[i].results, again.results, where))
        return std::unexpected(std::move(*wrong));
    }
    if (k == 0) seen.rows = forward.size();
    for (Worker::Made& made : forward) {
      for (core::Row& row : made.rows)
        if (next.size() < kSampleRows) next.push_back(std::move(row));
    }
    rows = std::move(next);
  }
  return seen;
}

FirstQuestions first_questions(const stages::PipelineSpec& spec) {
  FirstQuestions first;
  FirstRows input = first_rows(spec.read, kSampleRows);
  Worker worker(spec, Clock::now() + kSampleTime);
  for (core::Row& row : input.rows) {
    const Worker::Made made = worker.work_on(std::move(row));
    first.asked.insert(first.asked.end(), made.questions.begin(), made.questions.end());
    first.accepted += made.accepted;
  }
  return first;
}

}  // namespace sluice::inspect
