// sluice probe --fit and --sweep: the numbers of a server of one's own from measured points, and what they predict.
//
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "stages/spec.h"

namespace sluice::cli {

struct EngineFlags {
  std::string fit;      // file of points; empty: none
  int slots = 0;        // with `fit`: as many requests run at once; 0: not known
  std::string engine;   // its name or numbers, in place of points; empty: none
  std::string predict;  // file of what is to be predicted; empty: none
  bool sweep = false;
  std::string points;  // file that a sweep writes; empty: none
  int most_concurrency = 64;
  std::vector<int> checks;  // concurrencies that a sweep measures and holds the fit against
  std::string endpoint;     // that is swept; empty: the only one that is a server of one's own
  std::string per_hour;     // dollars; empty: no costs are shown
  double utilisation = 1;
  std::string against;  // model whose list price the server is held against; empty: none
  bool json = false;
};
// The exit status. fit_points() and show_engine() need no pipeline file.
int fit_points(const EngineFlags& flags);
int show_engine(const EngineFlags& flags);
int sweep_job(const EngineFlags& flags, const stages::JobSpec& job);

}  // namespace sluice::cli
