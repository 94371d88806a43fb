// Whether a JSON value is what a test expects: objects by the fields that the expectation names,
// all else whole; numbers by value; a field that is expected as null may be missing.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::rehearse {

// Both are JSON.
bool matches(std::string_view expected, std::string_view actual);
bool equal(std::string_view a, std::string_view b);

// A line of a diff: '-' what was expected, '+' what came, ' ' around both.
struct DiffLine {
  char sign = ' ';
  std::string text;
};
using Diff = std::vector<DiffLine>;

// The fields of two objects that differ. `all`: of either, else of those that are expected.
Diff differing_fields(std::string_view expected, std::string_view actual, bool all);

}  // namespace sluice::rehearse
