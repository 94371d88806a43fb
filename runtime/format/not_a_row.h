// What a line of the input is that is not a row: a mistake in its JSON, with its place, or another
// format that somebody took for JSON lines.
//
// Threads: any. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::format {

struct NotARow {
  std::size_t column = 1;  // in bytes, from 1
  std::string what;
};

// Of a line that is not a JSON object; `number` is its number in the file, from 1.
NotARow why_not_a_row(std::string_view line, std::uint64_t number);

}  // namespace sluice::format
