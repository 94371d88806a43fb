// How a run comes to its end. Three ways: the input is read and every row has ended; a stop is
// asked for (Ctrl-C, budget, deadline: read no more, ask no more, finish what is in flight); a
// failure (nothing can go on). Whoever notices says it here once; whoever must act has left a
// listener.
//
// Threads: any. Listeners run on the thread that calls stop() or fail(), once each, and must not
// block. Those of a failure take no memory: it may be what is missing.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace sluice::flow {

class Shutdown {
 public:
  // Add listeners before the run starts.
  void on_stop(std::function<void()> listener) { stop_listeners_.push_back(std::move(listener)); }
  void on_failure(std::function<void()> listener) {
    failure_listeners_.push_back(std::move(listener));
  }

  // `why` is shown to the user; the first one counts.
  void stop(std::string why);
  void fail(core::Error error) noexcept;

  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  std::string why() const;
  std::optional<core::Error> error() const;

 private:
  std::vector<std::function<void()>> stop_listeners_;
  std::vector<std::function<void()>> failure_listeners_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  mutable std::mutex mutex_;  // guards why_ and error_
  std::string why_;
  std::optional<core::Error> error_;
};

// Runs `work` where no exception may pass (a node, a thread): what it throws is the run's failure.
template <class Work>
void guarded(Shutdown& shutdown, Work&& work) noexcept {
  try {
    work();
  } catch (...) {
    shutdown.fail(core::caught());
  }
}

}  // namespace sluice::flow
