// The option fleet of s.pipeline. What comes from s.secret is looked at when the run begins: `sluice check` may not have it.
#include "dsl/fleet_options.h"

#include <fmt/format.h>

#include "dsl/constructors.h"
#include "pool_store/pool_store.h"

namespace sluice::dsl {

Fleet read_fleet(lua_State* lua, const Arguments& pipeline) {
  if (!pipeline.has("fleet")) return {};
  const Arguments fleet(pipeline, kFleetSection, "fleet");
  if (!fleet.has("quota") && !fleet.has("checkpoint"))
    pipeline.fail_value("fleet", "fleet shares nothing", "give it quota, checkpoint, or both");
  stages::SharedJobSpec job = {.url = fleet.secret("checkpoint")};
  if (const auto rows = fleet.whole("shard_rows")) {
    if (!fleet.has("checkpoint"))
      fleet.fail_value("shard_rows", "shard_rows has no effect without checkpoint",
                       "take it out, or give checkpoint");
    job.shard_rows = static_cast<std::uint64_t>(*rows);
  }
  core::Secret quota = fleet.secret("quota");
  // The line is not shown: an address may hold a password.
  if (fleet.text("quota")) {
    if (const auto address = pool_store::check_address(quota); !address)
      raise_at(lua, nullptr, {}, fmt::format("quota of fleet {}", address.error().message),
               "for example fleet = { quota = s.secret \"REDIS_URL\" }, with redis://host:6379 in "
               "that variable, or postgresql://host/database");
  }
  return {.quota = std::move(quota), .job = std::move(job)};
}

}  // namespace sluice::dsl
