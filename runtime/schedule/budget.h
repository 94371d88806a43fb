// The money. Invariant: spent + reserved ≤ limit, as long as nobody charges more than the worst
// case; reserve() only what affords() says yes to.
//
// Threads: one.
#pragma once

#include <optional>

#include "core/money.h"

namespace sluice::schedule {

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

  // `may_grow`: a part of a budget that others spend from too, of which more may come.
  void set_limit(core::Money limit, bool may_grow = false) {
    limit_ = limit;
    may_grow_ = may_grow;
  }
  bool may_grow() const { return may_grow_; }
  const std::optional<core::Money>& limit() const { return limit_; }
  core::Money spent() const { return spent_; }
  core::Money reserved() const { return reserved_; }

 private:
  std::optional<core::Money> limit_;
  core::Money spent_;
  core::Money reserved_;
  bool may_grow_ = false;
};

}  // namespace sluice::schedule
