// Text of others for a terminal: keys, rows, and what servers say.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace sluice::core {

enum class Lines : bool {
  joined,  // a line end is a control character like others
  kept,    // line ends and tabs stay
};

// `text` with a space for everything that steers a terminal or turns what is shown around: C0 and
// C1 control characters, DEL, marks of direction (bidi), line and paragraph separators. Bytes that
// are no UTF-8 become '?', since some terminals take them for C1.
std::string printable(std::string_view text, Lines lines = Lines::joined);

}  // namespace sluice::core
