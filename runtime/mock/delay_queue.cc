#include "mock/delay_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::mock {

DelayQueue::DelayQueue(net::Loop& loop, const core::Clock& clock)
    : clock_(clock), timer_(loop.make_timer()) {}

bool DelayQueue::later(const Entry& a, const Entry& b) {
  return a.due != b.due ? a.due > b.due : a.number > b.number;
}

void DelayQueue::add(core::Duration delay, std::function<void()> work) {
  heap_.push_back({clock_.now() + delay, number_++, std::move(work)});
  std::push_heap(heap_.begin(), heap_.end(), later);
  // Only a new earliest one changes when to wake.
  if (heap_.front().number == number_ - 1) arm();
}

void DelayQueue::run_due() {
  const core::Time now = clock_.now();
  while (!heap_.empty() && heap_.front().due <= now) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const std::function<void()> work = std::move(heap_.back().work);
    heap_.pop_back();
    work();
  }
  if (!heap_.empty()) arm();
}

void DelayQueue::arm() {
  const core::Duration wait = std::max(heap_.front().due - clock_.now(), core::Duration::zero());
  timer_->start(wait, [this] { run_due(); });
}

}  // namespace sluice::mock
