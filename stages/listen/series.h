// How a job went over time, in a bounded number of points: when there are too many, every second one goes and points
// are taken half as often.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inspect/timeline.h"

namespace sluice::listen {

struct SeriesPoint {
  double at = 0;      // seconds since 1970
  double worked = 0;  // seconds in which the job ran
  double rows = 0;    // of the job so far, as all that follow
  double rejected = 0;
  double spent = 0;  // dollars
  double tokens = 0;
  double in_flight = 0;  // now
  double waiting = 0;
  double refused = 0;
  double failed = 0;
  std::string limit;
};
struct SeriesRun {
  double began = 0;
  std::string end;  // "finished", "stopped", "failed"; empty: it was killed, or runs
  std::string why;
};

class Series {
 public:
  static constexpr std::size_t kMost = 1024;

  Series() = default;
  // What earlier runs left behind.
  explicit Series(const inspect::Timeline& timeline);

  // A run begins; its points count `worked` from 0.
  void begin(double at);
  // Kept where the one before is old enough; the newest is always there.
  void add(SeriesPoint point);
  void end(std::string how, std::string why);

  // Columns of equal length, and the runs: {"at":[…],…,"runs":[…]}.
  std::string json() const;
  const std::vector<SeriesPoint>& points() const { return points_; }

 private:
  void thin();
  std::vector<SeriesPoint> points_;
  bool last_is_kept_ = true;  // else the next takes its place
  double apart_ = 0.2;        // seconds between points
  double worked_before_ = 0;  // this run
  std::vector<SeriesRun> runs_;
};

}  // namespace sluice::listen
