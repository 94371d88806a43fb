// The libuv side of a Loop, for runtime/http alone.
//
// Threads: `posted`, `awake` and `stopping` are guarded by `mutex`, `thread` may be read on any;
// all else belongs to the loop's thread.
//
// Invariants:
//   1. The two buffers are borrowed for one read callback. Nothing that a callback starts reads
//      into them again: a read that happens outside libuv's own callbacks brings its own memory.
#pragma once

#include <uv.h>

#include <array>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "net/after_poll.h"
#include "net/loop.h"

namespace sluice::net {

constexpr std::size_t kReadBytes = 64 * 1024;
// One read plus a record that an earlier read had left unfinished, both decrypted.
constexpr std::size_t kPlainBytes = kReadBytes + 32 * 1024;

struct Loop::Impl {
  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  uv_loop_t uv{};
  uv_async_t wake{};
  uv_idle_t no_wait{};  // with `check`: runs what is in after_poll
  uv_check_t check{};
  uv_prepare_t turn{};
  // Every turn polls once. A connection that became idle in one turn and has not ended when a later
  // one's poll is over was open when that poll began.
  std::uint64_t turns = 0;   // the present one's number
  std::uint64_t polled = 0;  // the last turn whose poll, and what it brought, is known to be over
  AfterPollList after_poll;

  std::atomic<std::thread::id> thread;  // while it runs

  std::mutex mutex;
  std::vector<std::function<void()>> posted;
  bool awake = false;     // a wake-up is on its way: no other is needed
  bool stopping = false;  // behind what is posted

  std::exception_ptr thrown;  // by a callback: run() throws it

  std::vector<std::function<void()>> burst;  // what is being run
  std::array<char, kReadBytes> read_buffer;
  std::array<char, kPlainBytes> plain_buffer;
};

// Runs what a callback of libuv is for. No exception may pass through libuv's own frames: it ends
// the loop instead, and run() throws it. Nothing runs behind it, since its work is half done.
template <class Work>
void guarded(uv_loop_t* of, Work&& work) noexcept {
  auto& loop = *static_cast<Loop::Impl*>(of->data);
  if (loop.thrown) return;
  try {
    work();
  } catch (...) {
    loop.thrown = std::current_exception();
    uv_stop(of);
  }
}

// Milliseconds on the loop's clock. update_now() first where the loop may have been busy for long.
inline std::uint64_t now_ms(Loop::Impl& loop) {
  return uv_now(&loop.uv);
}
inline std::uint64_t update_now(Loop::Impl& loop) {
  uv_update_time(&loop.uv);
  return uv_now(&loop.uv);
}

}  // namespace sluice::net
