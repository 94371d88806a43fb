// The flow's workers: a oneTBB arena with a thread a core. The thread that runs a job is none of
// them, it only waits: so there is a worker also where oneTBB would make none, on a machine of one
// core.
//
// Threads: the one that runs the job.
#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>

namespace sluice::stages {

class Workers {
 public:
  Workers()
      : count_(oneapi::tbb::this_task_arena::max_concurrency()),
        allowed_(oneapi::tbb::global_control::max_allowed_parallelism,
                 static_cast<std::size_t>(count_) + 1),
        arena_(count_, 0) {}
  // Whatever `make` attaches to its thread's arena is attached to the workers'.
  template <class Make>
  void adopt(Make make) {
    arena_.execute(make);
  }

 private:
  const int count_;
  const oneapi::tbb::global_control allowed_;
  oneapi::tbb::task_arena arena_;
};

}  // namespace sluice::stages
