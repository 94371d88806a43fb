// What `sluice probe --fit` and `--sweep` print about a server.
//
// Threads: any; pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulate/engine_fit.h"
#include "simulate/engine_price.h"

namespace sluice::cli {

// A model that is paid by the token.
struct ApiPrice {
  std::string model;
  simulate::TokenPrice standard;
  std::optional<simulate::TokenPrice> batch;
};

struct EngineReport {
  std::string name;  // of the points' file, or of the server
  simulate::EngineFit fit;
  // That were fitted; none: the engine is known, and shapes are those of `wanted`.
  std::vector<simulate::EnginePoint> points;  // that were fitted
  std::optional<simulate::ServerPrice> price;
  std::optional<ApiPrice> api;                  // with `price` alone
  std::vector<simulate::EnginePoint> wanted;    // places to be predicted; their times are not read
  std::vector<simulate::EnginePoint> checks{};  // measured and not fitted: held against the fit
};

// A table of what was measured, line by line.
std::string engine_points_head();
std::string engine_point_line(const simulate::EnginePoint& point, std::string_view remark = {});
// For a person, at 80 columns, but for remarks behind a line.
std::string engine_report_text(const EngineReport& report);
// For a program: one object on a line.
std::string engine_report_json(const EngineReport& report);

}  // namespace sluice::cli
