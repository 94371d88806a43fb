#include "schedule/wait_queue.h"

#include <algorithm>

namespace sluice::schedule {
namespace {

// std::push_heap keeps the greatest on top; turned round, the one that is next.
constexpr auto kLater = [](const Waiter& a, const Waiter& b) { return b < a; };

}  // namespace

void Lane::push(Waiter waiter) {
  heap_.push_back(waiter);
  std::push_heap(heap_.begin(), heap_.end(), kLater);
}

Waiter Lane::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), kLater);
  const Waiter waiter = heap_.back();
  heap_.pop_back();
  return waiter;
}

void Waiting::push(const EndpointSet& fits, core::Time ready, Request& request) {
  lane_for(fits).push({ready, arrivals_++, &request});
  ++size_;
}

Waiter Waiting::pop(Lane& lane) {
  --size_;
  return lane.pop();
}

void Waiting::move_head(Lane& lane, const EndpointSet& fits) {
  const Waiter waiter = lane.pop();
  lane_for(fits).push(waiter);
}

void Waiting::in_turn(std::vector<Lane*>& lanes) {
  lanes.clear();
  for (Lane& lane : lanes_) {
    if (!lane.empty()) lanes.push_back(&lane);
  }
  std::ranges::sort(lanes, [](const Lane* a, const Lane* b) { return a->head() < b->head(); });
}

Lane& Waiting::lane_for(const EndpointSet& fits) {
  for (Lane& lane : lanes_) {
    if (lane.fits() == fits) return lane;
  }
  return lanes_.emplace_back(fits);
}

}  // namespace sluice::schedule
