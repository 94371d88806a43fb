// What is said beside a cost: what may have been billed as well, at most and likely.
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

// Of an account's attempts whose cost is not known; each is counted at its worst case.
struct Unknown {
  std::uint64_t requests = 0;
  core::Money most;
  std::optional<core::Money> likely;  // at the mean of the answers whose cost is known
};
Unknown maybe_billed(const store::Account& account);  // all of them:
Unknown unanswered(const store::Account& account);    // billed without an answer, perhaps
Unknown uncounted(const store::Account& account);     // answered without usable token counts

// "at most $3.23, likely about $0.04,"
std::string at_most(const Unknown& unknown);

// Why the budget keeps requests from being sent; once it does.
std::string throttle_note(const schedule::Throttle& throttle);

// Whether what the endpoint's tokens cost is not known. Those of an own server (s.vllm, …) cost
// nothing where no price is given.
bool price_unknown(const provider::EndpointSpec& endpoint);

// Lines without indentation; none when every cost is known.
std::vector<std::string> cost_notes(const store::Account& account,
                                    const std::vector<stages::PipelineSpec>& questions);

}  // namespace sluice::words
