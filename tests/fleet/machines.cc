#include "machines.h"

namespace sluice::fleet {

std::size_t Machines::add() {
  machines_.emplace_back();
  return machines_.size() - 1;
}

void Machines::stop(std::size_t machine, bool stopped) {
  if (machines_[machine].stopped == stopped) return;
  machines_[machine].stopped = stopped;
  if (stopped) return;
  auto held_up = std::exchange(machines_[machine].held_up, {});
  for (auto& what : held_up) at(now_, machine, std::move(what));
}

Ms Machines::when(core::Time then) const {
  return then <= time() ? now_ : now_ + std::chrono::ceil<Ms>(then - time());
}

void Machines::at(Ms when, std::function<void()> what) {
  events_.push({std::max(when, now_), ++numbered_, std::move(what)});
}

void Machines::at(Ms when, std::size_t machine, std::function<void()> what) {
  at(when, [this, machine, what = std::move(what)] {
    Machine& one = machines_[machine];
    if (!one.alive) return;
    if (one.stopped)
      one.held_up.push_back(what);
    else
      what();
  });
}

bool Machines::advance(Ms end, const std::function<void(Ms)>& before) {
  const bool event = !events_.empty() && events_.top().at <= end;
  const Ms until = event ? events_.top().at : end;
  before(until);
  now_ = until;
  if (!event) return false;
  const auto what = events_.top().what;
  events_.pop();
  what();
  return true;
}

}  // namespace sluice::fleet
