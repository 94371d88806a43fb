// The state of a pool or of a budget as the text that a store keeps.
//
// Lines of words parted by one space; the first says what it is and of which version, the last is a checksum over all before it. Names
// and ids are words in which everything but letters, digits and "-._:/+" is written as %XX. Numbers are the shortest that read as the
// same. A member of a pool takes some 60 bytes and 30 a limit.
//
// The epoch of a state that was never written is 0; so an absent text is an empty state of that name, which the caller makes.
//
// Threads: plain functions.
//
// Invariants: decode(encode(state)) == state, as long as its numbers are finite; any other bytes are an error that names the
// pool and says what to do, never a crash; what decode() accepts is encoded again as the same text.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "fleet/budget.h"
#include "fleet/pool.h"

namespace sluice::fleet {

std::string encode(const PoolState& state);
std::string encode(const BudgetState& state);

// `pool`: whose text it should be. Another's is an error.
core::Result<PoolState> decode_pool(std::string_view pool, std::string_view text);
core::Result<BudgetState> decode_budget(std::string_view budget, std::string_view text);

}  // namespace sluice::fleet
