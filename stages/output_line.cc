#include "stages/output_line.h"

#include <simdjson.h>

#include <algorithm>

#include "core/json.h"
#include "format/json_value.h"
#include "stages/cascade.h"

namespace sluice::stages {

LineWriter::LineWriter(const PipelineSpec& spec, std::vector<std::string> answer_names)
    : key_field_(spec.read.key),
      keep_row_(spec.sink.keep_row || (spec.sink.keep.empty() && spec.read.key.empty())),
      for_next_level_(spec.sink.for_next_level),
      keep_(spec.sink.keep),
      answer_names_(std::move(answer_names)) {
  const bool has_key = std::find(keep_.begin(), keep_.end(), key_field_) != keep_.end();
  if (!keep_.empty() && !key_field_.empty() && !has_key) keep_.insert(keep_.begin(), key_field_);
}

bool LineWriter::is_answer_name(std::string_view name) const {
  return std::find(answer_names_.begin(), answer_names_.end(), name) != answer_names_.end();
}

void LineWriter::append_kept(std::string& line, const core::Row& row) const {
  const auto append = [&](std::string_view name, std::string_view json) {
    core::append_json_string(line, name);
    line += ':';
    line += json;
    line += ',';
  };
  if (!keep_row_ && keep_.empty()) {
    if (!is_answer_name(key_field_)) append(key_field_, row.key_json);
    return;
  }
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (format::parse_json(parser, row.raw, object)) return;
  if (keep_row_) {
    format::MemberTexts texts(row.raw);
    std::string json;
    for (const auto& [name, value] : object) {
      const std::string_view text = texts.next();
      if (is_answer_name(name)) continue;
      json.clear();
      format::append_as_written(json, value, text);
      append(name, json);
    }
    return;
  }
  for (const std::string& name : keep_) {
    if (is_answer_name(name)) continue;
    std::string json;
    format::append_member(json, object, row.raw, name);
    append(name, json);
  }
}

store::Entry LineWriter::answer(const Item& item, std::string_view members,
                                std::string model) const {
  store::Entry entry;
  entry.row = item.identity;
  entry.question = item.question;
  entry.place = item.row.place();
  entry.kind = store::Kind::answer;
  std::string& line = entry.line;
  line.reserve(members.size() + item.row.key_json.size() + 32);
  if (for_next_level_) {
    append_level_start(line, item.row, model);
  } else {
    line += '{';
    append_kept(line, item.row);
  }
  entry.model = std::move(model);
  if (members.empty() && line.size() > 1) line.pop_back();
  entry.answer_at = static_cast<std::uint32_t>(line.size());
  line += members;
  line += '}';
  return entry;
}

store::Entry LineWriter::reject(const Item& item, const core::Reject& reject) const {
  store::Entry entry;
  entry.row = item.identity;
  entry.question = item.question;
  entry.place = item.row.place();
  entry.kind = store::Kind::reject;
  core::JsonWriter w(entry.line);
  w.open('{');
  if (!item.row.key_json.empty()) {
    w.key("key");
    w.raw(item.row.key_json);
  }
  w.field("stage", core::stage_name(reject.stage));
  w.field("reason", reject.reason);
  w.field("detail", reject.detail);
  if (!reject.history.empty()) {
    w.key("history");
    w.open('[');
    for (const std::string& step : reject.history) w.value(step);
    w.close(']');
  }
  // The row as it was read: as JSON where it is JSON, else as text, so that nothing is lost.
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  w.key("row");
  if (format::parse_json(parser, item.row.raw, element) == simdjson::SUCCESS) {
    w.raw(item.row.raw);
  } else {
    w.value(item.row.raw);
  }
  w.close('}');
  return entry;
}

}  // namespace sluice::stages
