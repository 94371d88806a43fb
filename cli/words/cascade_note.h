// What a cascade has saved: how many rows each of its levels answered, and what all of it cost, beside
// what the dearest model alone would have cost.
//
// Threads: any; plain functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::words {

struct CascadeFigures {
  struct Level {
    std::string name;  // its model, or "level 2"
    std::uint64_t answered = 0;
  };
  std::vector<Level> levels;
  core::Money cost;  // of all runs
  // Of all rows at the last level's mean; nothing where it was not asked or costs nothing.
  std::optional<core::Money> last_alone;
};

// `last`: the index of a cascade's last level, whose run has finished; `accounts`: of all questions;
// `accepted[k]`: the rows of question k that an earlier level had answered.
CascadeFigures cascade_figures(const stages::JobSpec& job, std::size_t last,
                               const std::vector<store::Account>& accounts,
                               const std::vector<std::uint64_t>& accepted);

// "small answered 1,600 rows, large 400; $0.42 instead of about $1.90 had large answered all".
std::string cascade_note(const CascadeFigures& figures);

}  // namespace sluice::words
