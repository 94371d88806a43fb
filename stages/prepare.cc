#include "stages/prepare.h"

#include <fmt/format.h>

#include "format/json_value.h"
#include "format/not_a_row.h"
#include "stages/key.h"
#include "stages/names.h"
#include "stages/validate.h"
#include "stages/vector_text.h"

namespace sluice::stages {
namespace {

core::Reject make_reject(core::Stage stage, std::string reason, std::string detail) {
  return {stage, std::move(reason), std::move(detail), {}};
}

void reject(Item& item, std::optional<core::Reject> why) {
  if (why) item.reject = std::make_shared<const core::Reject>(std::move(*why));
}

}  // namespace

// Of all that the row's answer depends on.
core::Hash128 Prepare::question(const Item& item) const {
  if (item.row.accepted) return accepted_name(item.row.accepted->members);
  if (item.files) {
    std::vector<core::Hash128> names;
    for (const RowFile& file : item.files->list) names.push_back(file.name);
    return question_.of(item.prompt, names, spec_.parse.takes_row ? &item.row : nullptr);
  }
  if (!spec_.parse.takes_row) return question_.of(item.prompt);
  return question_.of(item.prompt, item.row);
}

core::Result<Prepare> Prepare::make(const PipelineSpec& spec, const Question& question) {
  Prepare made(spec, question);
  if (!spec.pack.user) {
    auto parsed = PromptTemplate::parse(spec.pack.user_template);
    if (!parsed) return std::unexpected(parsed.error());
    made.template_ = std::move(*parsed);
  }
  if (question.files) {
    auto files = FileReader::make(spec);
    if (!files) return std::unexpected(files.error());
    made.file_reader_ = std::move(*files);
  }
  made.answer_bytes_ = static_cast<std::uint32_t>(expected_answer_bytes(spec.pack));
  return made;
}

Items Prepare::run(core::RowBatch&& rows) const {
  Items items;
  items.reserve(rows.size());
  for (core::Row& row : rows) items.push_back(prepare(std::move(row)));
  return items;
}

Item Prepare::prepare(core::Row&& row) const {
  Item item;
  item.row = std::move(row);
  item.answer_bytes = answer_bytes_;

  thread_local simdjson::dom::parser parser;
  simdjson::dom::element value;
  simdjson::dom::object object;
  const simdjson::error_code parsed = format::parse_json(parser, item.row.raw, value);
  const bool is_object = parsed == simdjson::SUCCESS && value.get(object) == simdjson::SUCCESS;
  if (!is_object) {
    key_by_content(item.row);
    const format::NotARow why = format::why_not_a_row(item.row.raw, item.row.line);
    reject(item, unreadable(item.row, parsed == simdjson::SUCCESS ? "not_an_object" : "not_json",
                            why.column, why.what));
  } else if (const std::string wrong = assign_key(item.row, object, spec_.read.key);
             !wrong.empty()) {
    reject(item, unreadable(item.row, "no_key", 0, wrong));
  } else if (!item.row.reject && !item.row.accepted) {
    if (spec_.validate) reject(item, validate(*spec_.validate, item.row, object));
    if (!item.reject) reject(item, render(object, item));
  }
  // What a step said comes first; the row has its key all the same, where it has one.
  if (item.row.reject) item.reject = item.row.reject;

  // A row that is never asked is known by its content, so that a corrected row is a new one.
  if (item.reject) {
    item.identity = unasked_row_name(item.row);
  } else {
    item.question = question(item);
    std::string fields;
    item.identity = row_name(item.row, item.question, kept(item.row, object, fields));
  }
  // No format that had other names knew files.
  if (old_names_ && !item.row.accepted && !item.files)
    item.old_names =
        std::make_shared<const store::RowNames>(old_names(item, is_object ? &object : nullptr));
  return item;
}

std::string_view Prepare::kept(const core::Row& row, const simdjson::dom::object& object,
                               std::string& fields) const {
  if (spec_.sink.keep_row) return row.raw;
  if (row.key_json.empty()) return {};  // its whole content names it
  for (const std::string& name : spec_.sink.keep) {
    if (name == spec_.read.key) continue;
    format::append_member(fields, object, row.raw, name);
    fields += ',';
  }
  return fields;
}

core::Reject Prepare::unreadable(const core::Row& row, std::string reason, std::size_t column,
                                 std::string_view what) const {
  std::string_view file = "input";
  if (row.source < files_.size()) file = files_[row.source];
  const std::string place = column > 0 ? fmt::format(":{}", column) : "";
  return make_reject(
      core::Stage::read, std::move(reason),
      fmt::format("{}:{}{}: {}", file == "-" ? "standard input" : file, row.line, place, what));
}

// Numbers had no text of their own then.
store::RowNames Prepare::old_names(const Item& item, const simdjson::dom::object* object) const {
  std::string key;
  simdjson::dom::element value;
  if (!item.row.key_json.empty() && (*object)[spec_.read.key].get(value) == simdjson::SUCCESS)
    format::append_json(key, value);
  if (item.reject) return {.row = old_names::unasked_row_name(item.row, key), .question = {}};
  const std::string prompt = template_ ? template_->render(*object).value_or("") : item.prompt;
  const core::Hash128 question = old_names::question_name(question_.old_base, prompt);
  return {.row = old_names::row_name(item.row, key, question), .question = question};
}

std::optional<core::Reject> Prepare::render(const simdjson::dom::object& object, Item& item) const {
  if (template_) {
    auto text = template_->render(object, item.row.raw);
    if (!text) {
      return make_reject(core::Stage::pack, "missing_field",
                         fmt::format("the template needs the field '{}', which this row lacks ({})",
                                     text.error(), fields_of(object)));
    }
    item.prompt = std::move(*text);
  } else {
    auto text = spec_.pack.user(item.row);
    if (!text) return script_reject(core::Stage::pack, text.error(), "script_error");
    item.prompt = std::move(*text);
  }
  if (item.prompt.size() > kMaxPromptBytes)
    return make_reject(core::Stage::pack, "too_large",
                       fmt::format("the prompt is longer than {} MiB, the most that one may have",
                                   kMaxPromptBytes >> 20));
  if (item.prompt.empty())
    return make_reject(core::Stage::pack, "empty_prompt",
                       question_.vectors ? "the text of this row is empty, and cannot be embedded"
                                         : "the prompt for this row is empty");
  if (!file_reader_) return std::nullopt;
  auto files = file_reader_->read(object, item.row.raw);
  if (!files) return std::move(files.error());
  item.files = std::move(*files);
  return std::nullopt;
}

}  // namespace sluice::stages
