// Text in columns of a terminal. A code point counts as one: a run's texts hold no wide characters,
// and one that does only ends a line early.
//
// Threads: any; plain functions. The width is at least 1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::observe {

std::size_t columns(std::string_view text);

// The first `width` columns of `text`; a text that is longer ends with "…".
std::string shortened(std::string_view text, std::size_t width);

// `text` in lines of at most `width` columns, broken at blanks; a word that is longer than a line is
// cut into lines. A line break stays one.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace sluice::observe
