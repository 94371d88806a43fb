#include "format/line_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/printable.h"
#include "format/csv_record.h"
#include "format/json_value.h"

namespace sluice::format {

LineForm::LineForm(std::string path, std::vector<std::string> answer_names)
    : path_(std::move(path)), answer_names_(std::move(answer_names)) {
  if (path_.ends_with(".csv")) delimiter_ = ',';
  if (path_.ends_with(".tsv")) delimiter_ = '\t';
}

core::Status LineForm::begin(std::string_view line) {
  simdjson::dom::object object;
  if (parse_json(parser_, line, object))
    return core::fail(core::ErrorCode::corrupt, "a stored line is not a JSON object", path_);
  columns_.clear();
  const auto add = [this](std::string_view name) {
    if (std::ranges::find(columns_, name) == columns_.end()) columns_.emplace_back(name);
  };
  for (const auto& [name, value] : object) add(name);
  for (const std::string& name : answer_names_) add(name);
  return {};
}

core::Status LineForm::append(std::string_view lines, std::string& out) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (columns_.empty()) {
      if (auto begun = begin(line); !begun) return begun;
      out.append(header()).append(kRecordEnd);
    }
    if (auto done = append_record(line, out); !done) return done;
    out += kRecordEnd;
  }
  return {};
}

std::string LineForm::header() const {
  return csv_header(columns_, delimiter_);
}

core::Status LineForm::record(std::string_view line, std::string& out) {
  out.clear();
  if (columns_.empty()) {
    if (auto begun = begin(line); !begun) return begun;
  }
  return append_record(line, out);
}

std::size_t LineForm::column_of(std::string_view name, std::size_t likely) const {
  if (likely < columns_.size() && columns_[likely] == name) return likely;
  return static_cast<std::size_t>(std::ranges::find(columns_, name) - columns_.begin());
}

core::Status LineForm::append_record(std::string_view line, std::string& out) {
  simdjson::dom::object object;
  if (parse_json(parser_, line, object))
    return core::fail(core::ErrorCode::corrupt, "a stored line is not a JSON object", path_);
  cells_.resize(columns_.size());
  there_.assign(columns_.size(), false);
  std::size_t member = 0;
  for (const auto& [name, value] : object) {
    const std::size_t column = column_of(name, member++);
    if (column == columns_.size()) {
      constexpr std::size_t kShown = 100;
      return core::fail(
          core::ErrorCode::pipeline,
          fmt::format("a row has the field '{}', for which this file has no column: its columns "
                      "are those of its first row. Name them by keep = {{ … }} in s.sink (a column "
                      "of the answer: in answer of s.pack), or give the sink a .jsonl; the file is "
                      "then written again from the checkpoint, nothing is asked twice. The row: {}",
                      core::printable(name), core::printable(line.substr(0, kShown))),
          path_);
    }
    if (there_[column]) continue;
    there_[column] = true;
    cells_[column] = value;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += delimiter_;
    if (!there_[i]) continue;
    append_csv_cell(out, cells_[i],
                    has_own_form(cells_[i]) ? member_text(object, line, columns_[i]) : "",
                    delimiter_);
  }
  return {};
}

}  // namespace sluice::format
