// The money. Invariant: spent + reserved ≤ limit, as long as nobody charges more than the worst
// case; reserve() only what affords() says yes to.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/money.h"

namespace sluice::schedule {

// A budget that is a part of one that others spend from too.
struct BudgetPart {
  bool may_grow =
      false;  // more of it may come: what it does not cover waits for that instead of ending the run
  std::string over =
      {};  // what a halt says that it ends, for people; empty: as of a budget of this run's own
};
// Where the money stands.
struct Purse {
  core::Money spent;
  core::Money reserved;   // at its worst: in flight and parked
  core::Money in_flight;  // at its worst
  core::Money
      next;  // the worst of what is next in turn, at the cheapest endpoint that takes it; 0: nothing waits
};

class Budget {
 public:
  Budget(std::optional<core::Money> limit, core::Money spent) : limit_(limit), spent_(spent) {}

  // What costs nothing is always affordable.
  bool affords(core::Money worst) const {
    return !limit_ || worst == core::Money() || spent_ + reserved_ + worst <= *limit_;
  }
  void reserve(core::Money worst) { reserved_ += worst; }
  void settle(core::Money worst, core::Money cost) {
    reserved_ -= worst;
    spent_ += cost;
  }

  // A part of a budget that others spend from too.
  void set_part(core::Money limit, BudgetPart part) {
    limit_ = limit;
    part_ = std::move(part);
  }
  bool may_grow() const { return part_.may_grow; }
  const std::string& over() const { return part_.over; }
  const std::optional<core::Money>& limit() const { return limit_; }
  core::Money spent() const { return spent_; }
  core::Money reserved() const { return reserved_; }

 private:
  std::optional<core::Money> limit_;
  core::Money spent_;
  core::Money reserved_;
  BudgetPart part_;
};

}  // namespace sluice::schedule
