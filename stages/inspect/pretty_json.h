// JSON for a person at a terminal: indented, what fits on a line on one line, long texts over
// several lines with their own line ends. Not to be parsed again.
//
// Threads: any; pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::inspect {

struct PrettyOptions {
  std::size_t width = 80;        // columns
  std::size_t indent = 2;        // of every line
  std::size_t most_text = 4000;  // bytes of one text; the rest is counted
};

// Lines, each with its end. What is not JSON is shown as text. Printable, whatever it holds.
std::string pretty_json(std::string_view json, const PrettyOptions& options);

// The same for text: its own line ends, and lines broken at `width`.
std::string pretty_text(std::string_view text, const PrettyOptions& options);

// The members of an object, without its braces, one a line: names, then values beside each other,
// texts without quotes.
std::string pretty_members(std::string_view members, const PrettyOptions& options);

}  // namespace sluice::inspect
