// The option fleet of s.pipeline. What comes from s.secret is looked at when the run begins: `sluice check` may not have it.
#include "dsl/fleet_options.h"

#include <fmt/format.h>

#include "dsl/constructors.h"
#include "redis/url.h"

namespace sluice::dsl {

core::Secret read_shared_quota(lua_State* lua, const Arguments& pipeline) {
  if (!pipeline.has("fleet")) return {};
  const Arguments fleet(pipeline, kFleetSection, "fleet");
  core::Secret quota = fleet.secret("quota");
  // The line is not shown: an address may hold a password.
  if (fleet.text("quota")) {
    if (const auto url = redis::parse_url(quota.reveal()); !url)
      raise_at(lua, nullptr, {}, fmt::format("quota of fleet {}", url.error().message),
               "for example fleet = { quota = s.secret \"REDIS_URL\" }, with redis://host:6379 in "
               "that variable");
  }
  return quota;
}

}  // namespace sluice::dsl
