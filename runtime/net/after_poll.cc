#include "net/after_poll.h"

#include <utility>

#include "net/loop_impl.h"

namespace sluice::net {
namespace {

// libuv's order in a turn is timers, idle, poll, check. The idle handle does nothing but keep the
// poll from waiting.
void run_after_poll(uv_check_t* check) {
  auto& loop = *static_cast<Loop::Impl*>(check->loop->data);
  uv_check_stop(&loop.check);
  uv_idle_stop(&loop.no_wait);
  loop.polled = loop.turns;
  // Taken one by one: the work may arm its like again (for the next turn) or destroy it.
  for (std::size_t left = loop.after_poll.size(); left > 0; --left) {
    AfterPoll* const next = loop.after_poll.pop_front();
    if (next == nullptr) return;
    guarded(check->loop, [next] { next->run(); });
  }
}

}  // namespace

AfterPoll::AfterPoll(Loop::Impl& loop, std::function<void()> work)
    : loop_(loop), work_(std::move(work)) {}

AfterPoll::~AfterPoll() {
  loop_.after_poll.remove(*this);
}

void AfterPoll::arm() {
  if (links.linked) return;
  loop_.after_poll.push_back(*this);
  uv_idle_start(&loop_.no_wait, [](uv_idle_t*) {});
  uv_check_start(&loop_.check, run_after_poll);
}

}  // namespace sluice::net
