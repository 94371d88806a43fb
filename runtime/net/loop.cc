#include "net/loop.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "net/loop_impl.h"

namespace sluice::net {
namespace {

// Writing to a socket that its peer has reset raises SIGPIPE, whose default is to end the process;
// libuv leaves it to its users. A handler that somebody has set stays.
void ignore_sigpipe() {
  struct sigaction current{};
  if (sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    std::signal(SIGPIPE, SIG_IGN);
  }
}

void run_posted(Loop::Impl& loop) {
  bool stopping = false;
  {
    const std::lock_guard lock(loop.mutex);
    loop.awake = false;
    stopping = std::exchange(loop.stopping, false);
    loop.burst.swap(loop.posted);
  }
  for (auto& work : loop.burst) work();
  loop.burst.clear();
  if (stopping) uv_stop(&loop.uv);
}

class UvTimer final : public Loop::Timer {
 public:
  explicit UvTimer(uv_loop_t* loop) : state_(new State{}) {
    uv_timer_init(loop, &state_->handle);
    state_->handle.data = state_;
  }
  ~UvTimer() override {
    state_->fire = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle),
             [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
  }

  void start(core::Duration after, std::function<void()> fire) override {
    state_->fire = std::move(fire);
    // libuv counts whole milliseconds of a clock that stands still while callbacks run: aim at the
    // first tick that is not early.
    uv_update_time(state_->handle.loop);
    const auto target =
        uv_hrtime() + static_cast<std::uint64_t>(std::max<std::int64_t>(after.count(), 0));
    const std::uint64_t tick = (target + 999'999) / 1'000'000;
    const std::uint64_t now = uv_now(state_->handle.loop);
    uv_timer_start(&state_->handle, &UvTimer::on_fire, tick > now ? tick - now : 0, 0);
  }

  void cancel() override {
    uv_timer_stop(&state_->handle);
    state_->fire = nullptr;
  }

 private:
  // Lives until libuv has closed the handle, which is later than the timer's own end.
  struct State {
    uv_timer_t handle;
    std::function<void()> fire;
  };

  static void on_fire(uv_timer_t* handle) {
    // Moved out: `fire` may start the timer again, or destroy it.
    const auto fire = std::exchange(static_cast<State*>(handle->data)->fire, nullptr);
    if (fire) guarded(handle->loop, fire);
  }

  State* state_;
};

class AfterPollBatcher final : public Loop::Batcher {
 public:
  AfterPollBatcher(Loop::Impl& loop, std::size_t most, std::function<void()> work)
      : most_(most), work_(std::move(work)), turn_(loop, [this] { end_of_turn(); }) {}

  void add() override {
    ++gathered_;
    turn_.arm();
  }

 private:
  void end_of_turn() {
    if (gathered_ != at_last_turn_ && gathered_ < most_) {
      at_last_turn_ = gathered_;
      return turn_.arm();
    }
    gathered_ = at_last_turn_ = 0;
    work_();
  }

  const std::size_t most_;
  const std::function<void()> work_;
  std::size_t gathered_ = 0;
  std::size_t at_last_turn_ = 0;
  AfterPoll turn_;
};

}  // namespace

Loop::Impl::Impl() {
  ignore_sigpipe();
  // These fail only when the process has no descriptors or memory left to start with.
  if (uv_loop_init(&uv) != 0) std::abort();
  if (uv_async_init(&uv, &wake, [](uv_async_t* handle) {
        guarded(handle->loop, [handle] { run_posted(*static_cast<Impl*>(handle->data)); });
      }) != 0) {
    std::abort();
  }
  uv_idle_init(&uv, &no_wait);
  uv_check_init(&uv, &check);
  uv_prepare_init(&uv, &turn);
  uv_prepare_start(&turn, [](uv_prepare_t* handle) {
    auto& loop = *static_cast<Impl*>(handle->loop->data);
    loop.polled = loop.turns++;
  });
  wake.data = this;
  uv.data = this;
}

Loop::Impl::~Impl() {
  uv_close(reinterpret_cast<uv_handle_t*>(&wake), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&no_wait), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&check), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&turn), nullptr);
  // Runs the close callbacks of all that was destroyed since the loop stopped, and waits for name
  // look-ups under way: their threads hold pointers into the loop.
  uv_run(&uv, UV_RUN_DEFAULT);
  uv_loop_close(&uv);
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->thread = std::this_thread::get_id();
  uv_run(&impl_->uv, UV_RUN_DEFAULT);
  impl_->thread = std::thread::id();
  if (impl_->thrown) std::rethrow_exception(std::exchange(impl_->thrown, nullptr));
}

void Loop::stop() noexcept {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    if (std::exchange(impl_->awake, true)) return;
  }
  uv_async_send(&impl_->wake);
}

void Loop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->posted.push_back(std::move(work));
    if (std::exchange(impl_->awake, true)) return;
  }
  uv_async_send(&impl_->wake);
}

void Loop::dispatch(std::function<void()> work) {
  if (impl_->thread == std::this_thread::get_id()) return work();
  post(std::move(work));
}

std::unique_ptr<Loop::Batcher> Loop::make_batcher(std::size_t most, std::function<void()> work) {
  return std::make_unique<AfterPollBatcher>(*impl_, most, std::move(work));
}

std::unique_ptr<Loop::Timer> Loop::make_timer() {
  return std::make_unique<UvTimer>(&impl_->uv);
}

}  // namespace sluice::net
