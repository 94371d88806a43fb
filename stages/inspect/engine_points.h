// What was measured at a server of one's own (simulate/engine_fit.h), read from a file of any input format:
// input_tokens,output_tokens,concurrency,ttft_ms,tpot_ms; other columns are passed over.
//
// Threads: plain functions; any.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "simulate/engine_fit.h"

namespace sluice::inspect {

constexpr std::size_t kMostPoints = 20'000;

enum class PointColumns : std::uint8_t {
  all,
  places,  // the first three: what is to be predicted
};
// "-" is standard input, as CSV. Names in any case, with spaces around. An error names file, line and
// column: ErrorCode::usage for a column that is missing or a cell that is not such a number.
core::Result<std::vector<simulate::EnginePoint>> read_points(const std::string& path,
                                                             PointColumns columns);

// The same as CSV, with the header.
std::string points_csv(const std::vector<simulate::EnginePoint>& points);

}  // namespace sluice::inspect
