// Lengths of time, as pipeline files and the command line have them.
//
// Threads: any; a plain function.
#pragma once

#include <optional>
#include <string_view>

#include "core/clock.h"

namespace sluice::dsl {

// "1h30m", "45s", "2d", "500ms": one or more numbers with units, in all more than zero and less
// than a hundred years.
std::optional<core::Duration> parse_duration(std::string_view text);

}  // namespace sluice::dsl
