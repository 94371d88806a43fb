// JSON lines, a JSON list, CSV (RFC 4180) and TSV.
#include "core/json.h"
#include "format/csv_record.h"
#include "format/json_value.h"
#include "format/writers.h"

namespace sluice::format {
namespace {

// A record's columns, each appended by the writer's own way.
class TextWriter : public RecordWriter {
 public:
  TextWriter(storage::AtomicFile& file, std::vector<Column> columns)
      : file_(file), columns_(std::move(columns)) {}

 protected:
  // `each(name, value, text)`: of every column in order; a column that is not there has no value.
  template <class Each>
  core::Status each_column(std::string_view record, const Each& each) {
    simdjson::dom::object object;
    if (parse_json(parser_, record, object) != simdjson::SUCCESS)
      return core::fail(core::ErrorCode::corrupt, "a stored line is no JSON object");
    for (const Column& column : columns_) {
      simdjson::dom::element value;
      const bool there = object[column.name].get(value) == simdjson::SUCCESS;
      each(column.name, there ? &value : nullptr,
           there && has_own_form(value) ? member_text(object, record, column.name) : "");
    }
    return {};
  }

  // The record as JSON, with the columns that are wanted.
  core::Status append_object(std::string_view record) {
    if (columns_.empty()) {
      line_ += record;
      return {};
    }
    line_ += '{';
    bool first = true;
    auto status = each_column(
        record,
        [&](const std::string& name, const simdjson::dom::element* value, std::string_view text) {
          if (!std::exchange(first, false)) line_ += ',';
          core::append_json_string(line_, name);
          line_ += ':';
          if (value == nullptr) {
            line_ += "null";
          } else {
            append_as_written(line_, *value, text);
          }
        });
    line_ += '}';
    return status;
  }

  storage::AtomicFile& file_;
  const std::vector<Column> columns_;
  std::string line_;

 private:
  simdjson::dom::parser parser_;
};

class JsonlWriter final : public TextWriter {
 public:
  using TextWriter::TextWriter;
  core::Status begin() override { return {}; }
  core::Status write(std::string_view record) override {
    line_.clear();
    if (auto status = append_object(record); !status) return status;
    return file_.write(line_ += '\n');
  }
  core::Status finish() override { return {}; }
};

class JsonWriter final : public TextWriter {
 public:
  using TextWriter::TextWriter;
  core::Status begin() override { return file_.write("["); }
  core::Status write(std::string_view record) override {
    line_ = std::exchange(first_, false) ? "\n" : ",\n";
    if (auto status = append_object(record); !status) return status;
    return file_.write(line_);
  }
  core::Status finish() override { return file_.write(first_ ? "]\n" : "\n]\n"); }

 private:
  bool first_ = true;
};

class CsvWriter final : public TextWriter {
 public:
  CsvWriter(storage::AtomicFile& file, std::vector<Column> columns, char delimiter)
      : TextWriter(file, std::move(columns)), delimiter_(delimiter) {}
  core::Status begin() override {
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    line_.assign(csv_header(names, delimiter_)).append(kRecordEnd);
    return file_.write(line_);
  }
  core::Status write(std::string_view record) override {
    line_.clear();
    bool first = true;
    auto status = each_column(record, [&](const std::string&, const simdjson::dom::element* value,
                                          std::string_view text) {
      if (!std::exchange(first, false)) line_ += delimiter_;
      if (value != nullptr) append_csv_cell(line_, *value, text, delimiter_);
    });
    if (!status) return status;
    return file_.write(line_.append(kRecordEnd));
  }
  core::Status finish() override { return {}; }

 private:
  const char delimiter_;
};

}  // namespace

std::unique_ptr<RecordWriter> make_jsonl_writer(storage::AtomicFile& file,
                                                std::vector<Column> columns) {
  return std::make_unique<JsonlWriter>(file, std::move(columns));
}
std::unique_ptr<RecordWriter> make_json_writer(storage::AtomicFile& file,
                                               std::vector<Column> columns) {
  return std::make_unique<JsonWriter>(file, std::move(columns));
}
std::unique_ptr<RecordWriter> make_csv_writer(storage::AtomicFile& file,
                                              std::vector<Column> columns) {
  return std::make_unique<CsvWriter>(file, std::move(columns), ',');
}
std::unique_ptr<RecordWriter> make_tsv_writer(storage::AtomicFile& file,
                                              std::vector<Column> columns) {
  return std::make_unique<CsvWriter>(file, std::move(columns), '\t');
}

}  // namespace sluice::format
