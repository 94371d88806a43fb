// A libuv event loop with the few things others need of it: run it on a thread, hand it work from
// any thread, set timers. libuv itself stays inside runtime/http.
//
// Threads: post(), dispatch() and stop() from any thread; all else on the thread that runs run(),
// or before it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "core/clock.h"

namespace sluice::net {

class Loop {
 public:
  Loop();
  ~Loop();  // closes every handle; run() must have returned
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Returns after stop(), when the work posted before it is done. Throws what a callback threw,
  // whose work is left half done: then nothing but the end is safe.
  void run();
  void stop() noexcept;  // takes no memory
  // Runs `work` on the loop's thread, in the order of posting. One wake-up per burst. The queue has
  // no bound of its own: what is posted is bounded by the credits of the flow.
  void post(std::function<void()> work);

  // Runs `work` now when called on the loop's thread; elsewhere the same as post().
  void dispatch(std::function<void()> work);

  // One timer. Cancelled when destroyed.
  class Timer {
   public:
    virtual ~Timer() = default;
    virtual void start(core::Duration after,
                       std::function<void()> fire) = 0;  // replaces an earlier start
    virtual void cancel() = 0;
  };
  std::unique_ptr<Timer> make_timer();

  // Work that costs less for many than for one. It runs when a turn of the loop has brought no
  // further add(), or behind the turn that brought the `most`-th: so it waits for what is there
  // already, never for what may come. Cancelled when destroyed.
  class Batcher {
   public:
    virtual ~Batcher() = default;
    virtual void add() = 0;
  };
  std::unique_ptr<Batcher> make_batcher(std::size_t most, std::function<void()> work);

  struct Impl;  // for runtime/net alone
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
