// Figures of a report as text.
//
// Threads: any; plain functions.
#pragma once

#include <string>

namespace sluice::inspect {

// "2026-11-30 02:11:09 UTC", of seconds since 1970; empty for none and for what no clock says.
std::string utc_text(double seconds);

// "$1.23"
std::string dollars_text(double dollars);

// "12 min 03 s", of seconds.
std::string seconds_text(double seconds);

// "1,234,567"
std::string count_text(double count);

// "1 row", "1,234 rows"
std::string counted(double count, const std::string& of);

}  // namespace sluice::inspect
