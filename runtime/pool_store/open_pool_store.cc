// The one list of engines.
#include "pool_store/pool_store.h"
#include "pool_store/postgres_pool_store.h"
#include "pool_store/redis_pool_store.h"
#include "redis/url.h"

namespace sluice::pool_store {
namespace {

// An address, or libpq's "host=… dbname=…".
bool is_postgres(std::string_view address) {
  return address.starts_with("postgres://") || address.starts_with("postgresql://") ||
         (address.find("://") == address.npos && address.find('=') != address.npos);
}

}  // namespace

core::Status check_address(const core::Secret& address) {
  if (is_postgres(address.reveal())) return {};
  if (const auto url = redis::parse_url(address.reveal()); !url)
    return core::fail(
        core::ErrorCode::pipeline,
        url.error().message + "; or postgresql://[user[:password]@]host[:port]/database");
  return {};
}

core::Result<std::unique_ptr<PoolStore>> open_pool_store(net::Loop& loop,
                                                         const core::Secret& address) {
  if (is_postgres(address.reveal())) return open_postgres(loop, address);
  return open_redis(loop, address);
}

}  // namespace sluice::pool_store
