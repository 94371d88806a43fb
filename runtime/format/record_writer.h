// Records to the bytes of a whole file, in order: the one list of formats that files are written in
// from their beginning to their end. (What a run appends to as it goes is line_form.h's.)
//
// Threads: one; output_formats() any.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "format/column.h"
#include "storage/atomic_file.h"

namespace sluice::format {

class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  // Before the first record.
  virtual core::Status begin() = 0;
  // `record`: one JSON object. A column that it has not is null.
  virtual core::Status write(std::string_view record) = 0;
  // Behind the last. The file itself is still to be finished by who has it.
  virtual core::Status finish() = 0;
};

struct OutputFormat {
  std::string_view name;                      // format = "csv"
  std::string_view title;                     // for people
  std::span<const std::string_view> endings;  // ".csv"
  // `columns`: those to write, in order. None, where `needs_columns` is not set: records as they stand.
  std::unique_ptr<RecordWriter> (*make)(storage::AtomicFile& file, std::vector<Column> columns);
  bool needs_columns = false;
  bool needs_types = false;  // of its columns
  bool compressed = false;   // by itself: its name has no ".gz" or ".zst"
  // Whether what it is written with is here; none: always.
  core::Status (*available)() = nullptr;
};

std::span<const OutputFormat> output_formats();  // formats.cc
// By the ending of the name, less those of compression (".gz", ".zst"); null for an ending of none.
const OutputFormat* output_format_of(std::string_view path);

}  // namespace sluice::format
