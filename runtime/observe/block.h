// The live block of a terminal: what there is to see of a run, in lines that fit a width.
//
// Pure: a View, a width and a look make the lines. Nothing that matters is cut: what does not fit
// goes to the next line, broken between figures or between words; of a cause that is long the
// beginning is shown; columns of the table of endpoints that matter least are left out.
//
// Threads: any; plain functions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "observe/view.h"

namespace sluice::observe {

struct Look {
  bool colour = false;   // else no escape sequence stands in a line
  bool unicode = false;  // the bar is drawn with lines, else with = and -
};

// At most `width` columns each, escape sequences apart. Made for widths of at least 40.
std::vector<std::string> as_block(const View& view, std::size_t width, Look look = {});

}  // namespace sluice::observe
