// A line of the rejects file, read back: what LineWriter::reject() wrote.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::inspect {

struct RejectLine {
  std::string name;  // the key as JSON; without one, the start of the row
  std::string stage;
  std::string reason;
  std::string detail;
  std::vector<std::string> history;  // oldest first
};

// What is missing or no text stays empty.
RejectLine read_reject(std::string_view line);

}  // namespace sluice::inspect
