// Why the rows of a job were rejected: reasons with their counts and an example, as the checkpoint
// has them.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/view.h"
#include "inspect/reject_line.h"

namespace sluice::inspect {

struct RejectReason {
  std::uint64_t rows = 0;
  RejectLine example;  // the first
};

struct RejectReasons {
  std::vector<RejectReason> reasons;  // the most frequent first
  std::uint64_t rows = 0;             // that were looked at
};

// Reads `most` rejects at most: some 2 s for 10^6.
core::Result<RejectReasons> reject_reasons(checkpoint::View& view, std::uint64_t most = 1'000'000);

}  // namespace sluice::inspect
