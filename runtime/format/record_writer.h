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
