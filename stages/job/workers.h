// The flow's workers: a oneTBB arena with a thread a core. The thread that runs a job is none of
// them, it only waits: so there is a worker also where oneTBB would make none, on a machine of one
// core. The constructor sees one at work: oneTBB does not tell that it cannot start a thread, and a
// flow without workers would stand still for ever.
//
// Threads: the one that runs the job.
#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <system_error>

namespace sluice::job {

class Workers {
 public:
  Workers()
      : count_(oneapi::tbb::this_task_arena::max_concurrency()),
        allowed_(oneapi::tbb::global_control::max_allowed_parallelism,
                 static_cast<std::size_t>(count_) + 1),
        arena_(count_, 0) {
    const auto at_work = std::make_shared<std::binary_semaphore>(0);
    try {
      arena_.enqueue([at_work] { at_work->release(); });
    } catch (const std::runtime_error&) {  // sometimes it does tell, in words of its own
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    }
    if (!at_work->try_acquire_for(kStartsWithin))
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  }
  // Whatever `make` attaches to its thread's arena is attached to the workers'.
  template <class Make>
  void adopt(Make make) {
    arena_.execute(make);
  }

 private:
  static constexpr std::chrono::seconds kStartsWithin{10};
  const int count_;
  const oneapi::tbb::global_control allowed_;
  oneapi::tbb::task_arena arena_;
};

}  // namespace sluice::job
