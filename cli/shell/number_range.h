// Bounds for numbers on the command line. CLI11's own take "-1" for an unsigned number, and "nan"
// for one in any range.
//
// Threads: any.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::shell {

constexpr double kMostWhole = 9007199254740992;  // 2^53: whole numbers up to here are exact

// An option with one of these refuses anything else, with exit status 2.
CLI::Validator whole_number(double least, double most = kMostWhole);
CLI::Validator number(double least, double most = kMostWhole);

}  // namespace sluice::shell
