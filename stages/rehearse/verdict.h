// What a case brought, held against what it expects. Pure.
//
// Threads: any.
#pragma once

#include <optional>
#include <string>

#include "rehearse/case.h"
#include "rehearse/compare.h"
#include "rehearse/rehearsal.h"

namespace sluice::rehearse {

// What is recorded of a case with `snapshot = true`: {"case", "rows", "rejects"}, one line.
std::string snapshot_of(const Case& test, const Outcome& outcome, const std::string& key_field);

// The case that such a line is of.
std::string case_of(std::string_view snapshot);

// Empty when all is as expected. `key_field` names rows and may be empty. `snapshot`: the line that
// was recorded, where the case wants one; without it that is a difference.
Diff differences(const Expected& expected, const Outcome& outcome, const std::string& key_field,
                 const std::optional<std::string>& snapshot);

}  // namespace sluice::rehearse
