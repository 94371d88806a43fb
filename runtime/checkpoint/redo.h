// Takes rejects back: their rows are pending again, and the next run asks them (journal.h,
// invariant 8).
//
// Threads: any; the job's lock is held meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"

namespace sluice::checkpoint {

// Withdraws every reject of the job's last run for whose line (without line end) `wanted` says yes,
// all in one transaction that is synced to the disk. Returns how many. ErrorCode::io when there is
// no checkpoint, ErrorCode::busy while a run has it, ErrorCode::pipeline when `fingerprint`
// (Options::fingerprint) is not the last run's.
core::Result<std::uint64_t> take_back(const std::string& directory, const std::string& job,
                                      const core::Hash128& fingerprint,
                                      const std::function<bool(std::string_view line)>& wanted);

}  // namespace sluice::checkpoint
