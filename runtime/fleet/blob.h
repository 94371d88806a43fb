// The state of a pool as the text that a store keeps: a line of words for the pool, then for each limit, and for each member
// with its shares.
//
//   sluice-pool 1 POOL EPOCH CLOCK AT LEARNING_SINCE LEARNING_UNTIL PAUSE_UNTIL OPEN_UNTIL PROBER PROBER_UNTIL
//   limit NAME KIND CAP KNOWN BROUGHT CUT_AT RAISED_AT PROBER PROBER_UNTIL FLOW LEVEL LEVEL_AT
//   member ID CALL SEEN UNTIL WEIGHT
//   share WANTS GRANT HELD NEED CEILING IDLE STATED SINCE WAITING TURNS        of the member above, by limit
//
// Times are milliseconds; "-" is an empty text or none; a blank, '%' and '-' in a text are %XX.
//
// Threads: any; plain functions.
//
// Invariants:
//   1. decode(encode(s)) is s, and encode() of that the same text.
//   2. Whatever a store holds under the name, decode() gives a state or an error that names the pool.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "fleet/pool.h"

namespace sluice::fleet {

std::string encode(const PoolState& state);
// Of an empty text: the state of a pool that has none yet. ErrorCode::corrupt for a text of another program, version or pool.
core::Result<PoolState> decode(std::string_view text, std::string_view pool);

}  // namespace sluice::fleet
