// Rows that were rejected for their endpoints' fault (timeouts, server errors, refusals), and whose
// endpoints have other options now: the next run asks them again, as `sluice redo` would have it.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"
#include "store/records.h"

namespace sluice::inspect {

// Names of the endpoints that the last run had and that are not as they were then: other options
// (stages::options_of), or no longer in the file. Those of which nothing is known are left out.
std::vector<std::string> changed_endpoints(const store::Account& account,
                                           const stages::PipelineSpec& spec);

// Whether a line of the rejects file tells of a row that was rejected in dispatch after attempts at
// endpoints that are all among `changed`.
bool rejected_by(std::string_view line, const std::vector<std::string>& changed);

// Takes these rejects back (checkpoint/redo.h). How many there were; none where the question's
// fingerprint is another, which asks all rejects again anyway. Before the run is made.
core::Result<std::uint64_t> take_back_of_changed(const stages::PipelineSpec& spec);

}  // namespace sluice::inspect
