// Ctrl-C and SIGTERM: the first asks the run to stop, the second ends the process at once.
//
// Threads: one StopSignal in a process, made and waited on anywhere.
#pragma once

#include <chrono>

namespace sluice::shell {

class StopSignal {
 public:
  StopSignal();
  ~StopSignal();  // the signals do again what they did before
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  enum class Woken { signal, released, timeout };
  // Waits for the first signal, for release(), or for `patience`. A signal is reported once.
  Woken wait(std::chrono::milliseconds timeout);
  // Whether there has been one.
  bool seen() const;
  // Ends a wait() from another thread.
  void release();

 private:
  int wake_fd_;
};

}  // namespace sluice::shell
