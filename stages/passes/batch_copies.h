// The files of a shared job's batches in PostgreSQL: a process puts them there before a batch counts as intended, or
// as collected, and one that goes on with its batches brings them here first.
//
// Orders to cancel batches come the same way, from whatever machine, as the file that `sluice batches` makes.
//
// Threads: as parked/shared_files.h says.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "parked/shared_files.h"
#include "shared_job/membership.h"

namespace sluice::passes {

class BatchCopies final : public parked::SharedFiles {
 public:
  // `directory`: of the job's checkpoint.
  BatchCopies(shared_job::Membership& member, std::string directory);
  // Brings here what is there.
  core::Status bring();

  core::Status put(const std::string& path) override;
  void remove(const std::string& path) override;
  bool are_ours() override { return member_.worker() == worker_ && member_.is_heard(); }
  void tend() override;

 private:
  shared_job::Membership& member_;
  const std::string directory_;
  const shared_job::WorkerId worker_;
  std::set<std::string> put_;  // paths of what is there, or ought to be
};

// ErrorCode::pipeline, with words for people, where batches are out, or have brought what was not read yet: for a job that has none by now.
core::Status none_out(shared_job::Board& board, const shared_job::Job& job);

// From a machine that may not have the batches: those named, or with none all.
core::Status order_cancel(shared_job::Board& board, const shared_job::Job& job,
                          std::span<const std::string> which);

}  // namespace sluice::passes
