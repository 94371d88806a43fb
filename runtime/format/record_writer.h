// Records as lines of a file: JSON objects as JSONL, or their columns as CSV (RFC 4180).
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "storage/atomic_file.h"

namespace sluice::format {

enum class RecordFormat : std::uint8_t { jsonl, csv };

// Appends `value` as a CSV cell: text as it is, anything else as JSON, numbers as `json`, which
// begins with the value's own text, has them. A null is an empty cell, an empty text a quoted one.
void append_csv_cell(std::string& out, const simdjson::dom::element& value, std::string_view json);
void append_csv_text(std::string& out, std::string_view text);

class RecordWriter {
 public:
  // `columns`: those to write; empty, with JSONL only, for records as they stand.
  RecordWriter(storage::AtomicFile& file, RecordFormat format, std::vector<std::string> columns);

  core::Status begin();  // the header, in CSV
  // `record`: one JSON object. A column that it has not is null.
  core::Status write(std::string_view record);
  // The first column that no record had; nullptr when there is none, or no record.
  const std::string* never_seen() const;

 private:
  storage::AtomicFile& file_;
  const RecordFormat format_;
  const std::vector<std::string> columns_;
  std::vector<bool> seen_;
  bool any_ = false;
  std::string line_;
  simdjson::dom::parser parser_;
};

}  // namespace sluice::format
