// Who waits, and who is next: by the moment at which a request became ready, first come first
// served among equals. New work is ready at once, a retry after its back-off, so they mix and none
// starves the other.
//
// Requests that fit all endpoints stand in one lane. One that is too large for some of the
// endpoints, or refused by some, stands in a lane of its own kind, so that its wait for the few
// that can take it does not hold up the rest. There are as many lanes as there are kinds, commonly
// one.
//
// Bound: what the caller has submitted and not seen end. Push and pop are O(log n) in their lane.
//
// Threads: one. Borrows the requests; they must outlive their wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "core/clock.h"
#include "schedule/request.h"

namespace sluice::schedule {

struct Waiter {
  core::Time ready;
  std::uint64_t number = 0;  // order of arrival
  Request* request = nullptr;
  friend bool operator<(const Waiter& a, const Waiter& b) {
    return a.ready != b.ready ? a.ready < b.ready : a.number < b.number;
  }
};

class Lane {
 public:
  // `fits`: the endpoints that would take its requests, Eligibility::fits.
  explicit Lane(EndpointSet fits) : fits_(std::move(fits)) {}
  const EndpointSet& fits() const { return fits_; }
  bool empty() const { return heap_.empty(); }
  const Waiter& head() const { return heap_.front(); }
  void push(Waiter waiter);
  Waiter pop();

 private:
  EndpointSet fits_;
  std::vector<Waiter> heap_;  // least on top
};

class Waiting {
 public:
  explicit Waiting(std::size_t endpoints) { lanes_.emplace_back(EndpointSet(endpoints, true)); }

  std::size_t size() const { return size_; }
  void push(const EndpointSet& fits, core::Time ready, Request& request);
  Waiter pop(Lane& lane);
  // Moves the head of `lane` to the lane for `fits`, where it keeps its turn.
  void move_head(Lane& lane, const EndpointSet& fits);

  // Puts the lanes that are not empty into `lanes`, the one whose head is next first.
  void in_turn(std::vector<Lane*>& lanes);

 private:
  Lane& lane_for(const EndpointSet& fits);

  std::deque<Lane> lanes_;  // stable addresses; the first is for those that fit everywhere
  std::size_t size_ = 0;
  std::uint64_t arrivals_ = 0;
};

}  // namespace sluice::schedule
