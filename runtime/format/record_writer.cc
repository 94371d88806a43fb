#include "format/record_writer.h"

#include "core/json.h"
#include "format/csv_record.h"
#include "format/json_value.h"

namespace sluice::format {

RecordWriter::RecordWriter(storage::AtomicFile& file, RecordFormat format,
                           std::vector<std::string> columns)
    : file_(file), format_(format), columns_(std::move(columns)), seen_(columns_.size()) {}

core::Status RecordWriter::begin() {
  if (format_ == RecordFormat::jsonl) return {};
  line_.assign(csv_header(columns_)).append(kRecordEnd);
  return file_.write(line_);
}

core::Status RecordWriter::write(std::string_view record) {
  any_ = true;
  line_.clear();
  const bool csv = format_ == RecordFormat::csv;
  if (columns_.empty() && !csv) {
    line_.append(record).append("\n");
    return file_.write(line_);
  }
  simdjson::dom::object object;
  if (parse_json(parser_, record, object))
    return core::fail(core::ErrorCode::corrupt, "a stored line is no JSON object");
  if (!csv) line_ += '{';
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) line_ += ',';
    simdjson::dom::element value;
    const bool there = object[columns_[i]].get(value) == simdjson::SUCCESS;
    if (there) seen_[i] = true;
    const std::string_view text =
        there && has_own_form(value) ? member_text(object, record, columns_[i]) : "";
    if (csv) {
      if (there) append_csv_cell(line_, value, text);
    } else {
      core::append_json_string(line_, columns_[i]);
      line_ += ':';
      if (there) {
        append_as_written(line_, value, text);
      } else {
        line_ += "null";
      }
    }
  }
  line_ += csv ? kRecordEnd : "}\n";
  return file_.write(line_);
}

const std::string* RecordWriter::never_seen() const {
  if (!any_) return nullptr;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (!seen_[i]) return &columns_[i];
  return nullptr;
}

}  // namespace sluice::format
