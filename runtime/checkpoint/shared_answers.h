// The answers of other jobs: those whose checkpoints stand in one folder with this job's, or in its
// subfolders (Options::share). They are read where they are; nothing is written to them, and the
// runs that write them go on beside us.
//
// Threads: one at a time.
//
// Invariants:
//   1. An answer that another job had committed before open() is found. One that it commits later
//      is found from kLookAgain after its commit on.
//   2. Our own checkpoint is not among them.
//
// Memory: a job of theirs takes 8 bytes a question up to 100,000, then 1 MB and 1.3 bytes a
// question (index/hash_index.h), with the rest in files without a name in `own`; and a cache of
// blocks.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/options.h"

namespace sluice::checkpoint {

class SharedAnswers {
 public:
  static constexpr std::chrono::seconds kLookAgain{1};

  // `own`: this job's directory; `models`: Options::models. Makes `folder` when it is missing. The
  // error of a checkpoint in it that cannot be read: it is damaged, foreign, or newer.
  static core::Result<std::unique_ptr<SharedAnswers>> open(const std::string& folder,
                                                           const std::string& own,
                                                           std::vector<std::string> models);
  ~SharedAnswers();

  core::Result<std::optional<StoredAnswer>> find(const core::Hash128& question);
  std::size_t jobs() const { return jobs_.size(); }

 private:
  struct Job;
  SharedAnswers(std::string folder, std::string own, std::vector<std::string> models);
  core::Status look();
  core::Status read_new(Job& job);
  core::Status index_new(Job& job);

  const std::string folder_;
  const std::string own_;
  const std::vector<std::string> models_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace sluice::checkpoint
