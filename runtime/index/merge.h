// Makes one run of several, a step at a time.
//
// Threads: one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "index/sorted_run.h"

namespace sluice::index {

class Merge {
 public:
  using Run = std::shared_ptr<const SortedRun>;

  static core::Result<std::unique_ptr<Merge>> begin(const std::string& directory,
                                                    std::vector<Run> runs);
  // Goes on by up to `slots` slots. The merged run when it is done, null before.
  core::Result<Run> step(std::size_t slots);

  const std::vector<Run>& runs() const { return runs_; }
  std::size_t memory() const;

 private:
  struct Cursor {
    std::vector<Slot> buffer;
    std::size_t at = 0;    // in the buffer
    std::size_t next = 0;  // in the run, after the buffer
  };
  Merge(std::vector<Run> runs, SortedRunWriter writer);
  core::Status advance(std::size_t run);

  const std::vector<Run> runs_;
  SortedRunWriter writer_;
  std::vector<Cursor> cursors_;
  std::vector<Slot> heads_;  // the next slot of each run; kEnd after its last
  std::size_t left_ = 0;
};

}  // namespace sluice::index
