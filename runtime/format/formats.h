// The formats of input files: the one list of them. Where the bytes are and how they are compressed
// is no part of it (storage/input_file.h).
//
// Threads: constant data; open_records() any.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "format/file_kind.h"
#include "format/format_options.h"
#include "format/record_source.h"
#include "storage/file_lock.h"

namespace sluice::format {

struct Format {
  std::string_view name;                      // s.read { …, format = "jsonl" }
  std::string_view title;                     // for people: "JSON lines"
  std::span<const std::string_view> endings;  // ".jsonl"
  std::unique_ptr<RecordReader> (*make)(const FormatOptions& options, std::string path);
  // Whether a file that begins so cannot be of this format. `kind`: of file_kind.h, or null. None:
  // it can always be.
  bool (*refuses)(std::string_view start, const FileKind* kind) = nullptr;
  std::string_view expected = {};  // what to do where it is refused and its kind is not known
  // Instead of `make`: reads the file itself, since it does not read from front to end. `written`: as
  // InputFile::open()'s.
  core::Result<std::unique_ptr<RecordSource>> (*open)(
      const FormatOptions& options, const std::string& path,
      std::span<const storage::FileId> written) = nullptr;
  // A record has a line, or nearly so: rows can be counted by line ends.
  bool of_lines = false;
};

std::span<const Format> formats();
// Null where there is no such name.
const Format* format_named(std::string_view name);
// By the ending of the name, less those of compression (".gz", ".zst"); null for an ending of none.
const Format* format_by_ending(std::string_view path);
// What `path` is read as: as `options` say, else by its ending, else as JSON lines.
const Format& format_of(const FormatOptions& options, std::string_view path);

// Reads the bytes of `path`, which is for messages and for the choice of the format alone. Not for a
// format that opens its files itself.
std::unique_ptr<RecordReader> open_records(const FormatOptions& options, const std::string& path);

}  // namespace sluice::format
