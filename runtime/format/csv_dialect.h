// How a CSV file separates its cells and ends its lines, found in its first lines. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::format {

struct CsvDialect {
  char delimiter = ',';
  char line_end = '\n';     // '\r' where the file has no other
  std::size_t skipped = 0;  // bytes of a line "sep=;" before the header, as Excel takes it
};

// `delimiter`: where it is known already, else '\0'. Null: more of the file is needed to tell; never
// once 64 KiB are there, or all of it. Of ',', ';', tab and '|', that one is taken which cuts the
// most of the first lines into as many cells as the first one; quotes are heeded.
std::optional<CsvDialect> find_dialect(std::string_view start, bool at_end, char delimiter);

}  // namespace sluice::format
