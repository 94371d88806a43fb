// Figures for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::observe {

std::string count(std::uint64_t n);  // "1,234,567"
std::string rounded(double n);       // "950", "12.3 k", "4.56 M": three digits
std::string percent(double share);   // 0.123 → "12 %"; "<1 %" for what is not quite nothing
std::string duration(
    std::chrono::nanoseconds d);  // "0.8 s", "42 s", "3 min 05 s", "2 h 07 min", "3 d 4 h"

}  // namespace sluice::observe
