// The brackets of a text that may hold JSON: which objects and lists stand in it, how they nest and
// where they end, found in one pass that survives whatever stands around and between them. It looks
// at structure alone; whether what stands inside a balanced pair is JSON is for a JSON parser to
// say.
//
// Threads: plain functions, any.
//
// Invariants:
//   1. Linear in the text, and no recursion: nesting is kept on a stack of its own.
//   2. A node that has an end is balanced, with every string closed and every separator in its
//      place, but for the commas listed in Scan::commas.
//   3. Where the structure breaks, all that is open stays without an end. Text that was JSON up to
//      there may have nested objects after the break, which look like values of their own: reading
//      goes on at the next line that begins with a bracket or a code fence, since such a line
//      begins something new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::answer {

struct ScanNode {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::size_t begin = 0;
  std::size_t end = 0;         // one past its last byte; 0 = it never ends
  std::size_t parent = kNone;  // among Scan::nodes
  std::string_view key;        // as written between the quotes, when it is a member's value
  std::size_t parts = 0;       // members or elements
  std::size_t ids = 0;         // members named "id"
  bool object = false;         // else a list
  bool doubtful = false;       // what stands beside it does not fit: it may be part of a string
  bool closed() const { return end != 0 && !doubtful; }
};

struct Scan {
  // Parents before their children, in the order of the text; nothing deeper than kDeepest.
  std::vector<ScanNode> nodes;
  std::vector<std::size_t> commas;  // before a closing bracket, where JSON has none
  bool truncated = false;           // the text ends inside a value
  bool extra_text = false;          // it holds more than values and white space
  bool damaged = false;             // the structure of what was surely JSON breaks off somewhere
};

constexpr std::size_t kDeepest = 4;  // containers around the one of interest

Scan scan(std::string_view text);

// Appends what stands in [begin, end) of `text`, without the commas that JSON does not have.
void append_clean(std::string& out, std::string_view text, const Scan& scan, std::size_t begin,
                  std::size_t end);

}  // namespace sluice::answer
