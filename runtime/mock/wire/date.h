// Instants as text, for headers and replies.
//
// Threads: plain functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace sluice::wire {

// "2025-08-21T12:40:59Z".
std::string rfc3339(core::WallTime at);

// Whether `text` has the form of a date: "2025-08-21".
bool is_date(std::string_view text);

// "20250821T124059Z", as AWS writes and reads it.
std::string basic_date(core::WallTime at);
std::optional<core::WallTime> read_basic_date(std::string_view text);

}  // namespace sluice::wire
