// What a pipeline file says about the format of its input, free of Lua. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::format {

enum class CellType : std::uint8_t { text, integer, number, boolean };

// Of CSV and TSV.
struct CsvOptions {
  bool header = true;  // the first record names the columns
  std::vector<std::string>
      columns;            // their names: in place of the header's, or where there is none
  char delimiter = '\0';  // none: by the ending, else found in the first lines
  std::vector<std::pair<std::string, CellType>> types;  // of columns that are not text
  std::optional<std::string> null;                      // a cell with this text is null
  friend bool operator==(const CsvOptions&, const CsvOptions&) = default;
};

struct FormatOptions {
  std::string name;      // of formats.h; empty = by each file's ending
  std::string encoding;  // of decoder.h; empty = UTF-8, or what a byte order mark says
  CsvOptions csv;
  std::string
      path;  // JSON: where the list is inside the document, "data.items"; empty = the document
  friend bool operator==(const FormatOptions&, const FormatOptions&) = default;
};

}  // namespace sluice::format
