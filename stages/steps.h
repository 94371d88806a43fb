// s.map, s.keep, s.explode, and the validate that stands before one of them: what becomes of a line
// before it is a row of the job. In a cascade's later levels: what the level before came to. Everything behind the reader, counts and credits included, knows
// only the rows that come out here.
//
// Threads: any; the functions in the steps may be called from any thread at once.
//
// Invariants:
//   1. A line comes out as any number of rows. None is lost: one that keep drops or explode makes
//      nothing of is not part of the job; one that fails comes out with its reject (core/row.h).
//   2. The same line comes out as the same rows, in the same order, as far as the functions do.
#pragma once

#include <simdjson.h>

#include <functional>
#include <span>

#include "core/row.h"
#include "stages/spec.h"

namespace sluice::stages {

using core::kMaxRowBytes;

class Steps {
 public:
  // `steps` must outlive this.
  explicit Steps(std::span<const Step> steps) : steps_(steps) {}
  bool empty() const { return steps_.empty(); }

  // Calls `out` for each row that comes of `row`, until it returns false; returns whether it never
  // did. What is no JSON object comes out as it is: to reject it is prepare's business.
  using Out = std::function<bool(core::Row&&)>;
  bool run(core::Row&& row, const Out& out) const;

 private:
  bool run_from(std::size_t step, core::Row&& row, const Out& out) const;

  std::span<const Step> steps_;
};

}  // namespace sluice::stages
