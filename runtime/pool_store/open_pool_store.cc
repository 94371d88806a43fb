// The one list of engines.
#include "pool_store/pool_store.h"
#include "pool_store/redis_pool_store.h"

namespace sluice::pool_store {

core::Result<std::unique_ptr<PoolStore>> open_pool_store(net::Loop& loop,
                                                         const core::Secret& address) {
  return open_redis(loop, address);
}

}  // namespace sluice::pool_store
