// Pools in Redis: a hash with the text and its version under "sluice:pool:NAME", compared and set by a script, with the
// server's own time. It is gone 30 days after the last call.
//
// Threads: the loop's.
#pragma once

#include "pool_store/pool_store.h"

namespace sluice::pool_store {

core::Result<std::unique_ptr<PoolStore>> open_redis(net::Loop& loop, const core::Secret& address);

}  // namespace sluice::pool_store
