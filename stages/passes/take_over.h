// Brings the logs of a shared job's workers into a checkpoint's folder, so that what they answered is answered there.
//
// Threads: one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "shared_job/board.h"

namespace sluice::passes {

struct TakeOver {
  std::string directory;  // of the checkpoint, which is not open
  std::string job;        // the pipeline's name
  core::Hash128 fingerprint;
  // Which of the present generation's logs; those of earlier ones come along where the folder is still before it.
  std::function<bool(const shared_job::WorkerRow&)> wanted;
  // Whose logs are there anyway, since their runs wrote them here.
  std::vector<shared_job::WorkerId> own;
};

// Of all workers of the job's present generation, for a command that only looks. Nothing happens where no worker was there yet.
core::Status take_all(shared_job::Board& board, const shared_job::Job& job,
                      const std::string& directory, const std::string& name);

core::Status take_over(shared_job::Board& board, const shared_job::Job& job, const TakeOver& what);

// After the run that has written the output from `what`: what the job consists of is what that run had taken over and
// has itself added, less `surplus`, which it took out. False: another process writes the output by now.
core::Result<bool> set_complete(shared_job::Board& board, const shared_job::Job& job,
                                shared_job::WorkerId finisher, const TakeOver& what,
                                const std::vector<core::Hash128>& surplus);

}  // namespace sluice::passes
