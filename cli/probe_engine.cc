#include "cli/probe_engine.h"

#include <fmt/format.h>

#include "cli/engine_text.h"
#include "cli/job_file.h"
#include "inspect/engine_points.h"

namespace sluice::cli {

int probe_engine(const EngineFlags& flags) {
  using inspect::PointColumns;
  auto points = inspect::read_points(flags.fit, PointColumns::all);
  if (!points) return report(points.error());
  std::vector<simulate::EnginePoint> wanted;
  if (!flags.predict.empty()) {
    auto places = inspect::read_points(flags.predict, PointColumns::places);
    if (!places) return report(places.error());
    wanted = std::move(*places);
  }
  auto fit = simulate::fit_engine(*points);
  if (!fit) {
    core::Error error = fit.error();
    error.where = flags.fit;
    return report(error);
  }
  const EngineReport engine{flags.fit, std::move(*fit), std::move(*points), std::move(wanted)};
  fmt::print("{}", flags.json ? engine_report_json(engine) : engine_report_text(engine));
  return 0;
}

}  // namespace sluice::cli
