// What a file's first bytes look like. Used to contradict: what a file is read as, its name or the
// pipeline file says. Pure; any thread.
#pragma once

#include <string_view>

namespace sluice::format {

struct FileKind {
  std::string_view title;   // "a Parquet file"
  std::string_view format;  // the name of the format that reads it (formats.h); empty: none does
  std::string_view advice;  // where none does, and for s.files
  bool text = false;
};

// Null for what may be any text. `start`: as UTF-8, without a byte order mark.
const FileKind* kind_of(std::string_view start);

}  // namespace sluice::format
