// The lines of a batch: looked at when it is made, answered when it ends, with the same mind as calls,
// at the batch price and under no limit of calls.
//
// Threads: one.
//
// Bound: kShuffled results are held where they are to come in another order; else one line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "mock/batch_files.h"
#include "mock/batch_jobs.h"
#include "mock/books.h"
#include "mock/options.h"
#include "mock/plans.h"
#include "wire/batch.h"
#include "wire/wires.h"

namespace sluice::mock {

class BatchRun {
 public:
  BatchRun(const Options& options, Books& books) : options_(options), books_(books) {}

  static constexpr std::size_t kShuffled = 4096;
  static constexpr std::size_t kMostMistakes = 20;

  struct Scan {
    std::uint64_t lines = 0;
    std::uint64_t tokens = 0;  // of input
    std::string model;         // of the first line
    std::string label;         // of the first line's id
    std::vector<wire::BatchMistake> mistakes;
    std::vector<bool> refused;  // by its place: whether a line will be refused when it is run
  };
  core::Result<Scan> scan(const wire::BatchApi& api, const wire::BatchOrder& order,
                          const Blob& input);

  struct Task {
    const wire::BatchApi& api;
    const wire::BatchOrder& order;
    const Blob& input;
    const BatchPlan& plan;
    std::uint64_t draws = 0;  // of the batch
    double done = 1;          // share of its lines
    BatchState end = BatchState::completed;
    core::WallTime wall{};
  };
  struct Results {
    Blob output;
    Blob errors;  // of lines that failed, where these go apart
    wire::BatchCounts counts;
    wire::BatchUsage usage;
  };
  // Bills what it answers. `apart`: lines that failed go into a file of their own.
  core::Result<Results> run(const Task& task, bool apart);

 private:
  struct Reply {
    int status = 200;
    std::string body;
  };
  Reply answer(const Task& task, const wire::BatchLine& line, std::uint64_t draws,
               Results& results);

  const Options& options_;
  Books& books_;
  wire::Reader reader_;
  Plans plans_;
};

// How many lines are answered and how many have failed when that share of them is done: as they will
// be counted in the end.
wire::BatchCounts lines_done(const BatchRun::Scan& scan, const BatchPlan& plan,
                             const BatchFaults& faults, std::uint64_t draws, double done);

}  // namespace sluice::mock
