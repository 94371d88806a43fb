// The option fleet of s.pipeline. What comes from s.secret is looked at when the run begins: `sluice check` may not have it.
#include "dsl/fleet_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/constructors.h"
#include "pool_store/pool_store.h"

namespace sluice::dsl {

void read_fleet(lua_State* lua, const Arguments& pipeline, stages::JobSpec& job) {
  if (!pipeline.has("fleet")) return;
  const Arguments fleet(pipeline, kFleetSection, "fleet");
  if (!fleet.has("quota") && !fleet.has("checkpoint"))
    pipeline.fail_value("fleet", "fleet shares nothing", "give it quota, checkpoint, or both");
  stages::SharedJobSpec shared = {.url = fleet.secret("checkpoint")};
  if (const auto rows = fleet.whole("shard_rows")) {
    if (!fleet.has("checkpoint"))
      fleet.fail_value("shard_rows", "shard_rows has no effect without checkpoint",
                       "take it out, or give checkpoint");
    shared.shard_rows = static_cast<std::uint64_t>(*rows);
  }
  if (fleet.has("budget") && !fleet.has("quota"))
    fleet.fail_value("budget", "budget names one that is kept in the server of quota",
                     "give quota, which may be the address of checkpoint");
  core::Secret quota = fleet.secret("quota");
  // The line is not shown: an address may hold a password.
  if (fleet.text("quota")) {
    if (const auto address = pool_store::check_address(quota); !address)
      raise_at(lua, nullptr, {}, fmt::format("quota of fleet {}", address.error().message),
               "for example fleet = { quota = s.secret \"REDIS_URL\" }, with redis://host:6379 in "
               "that variable, or postgresql://host/database");
  }
  for (stages::PipelineSpec& question : job.questions) {
    question.checkpoint.shared = shared;
    question.dispatch.shared_quota = quota;
    question.dispatch.shared_budget = fleet.text("budget").value_or(job.name);
    const bool batches =
        std::ranges::any_of(question.dispatch.endpoints, &provider::EndpointSpec::batch);
    // One process at a time has such a job, and its checkpoint knows all that was paid.
    if (batches && fleet.has("checkpoint") && !fleet.has("budget")) {
      question.dispatch.shared_budget.clear();
      continue;
    }
    if (question.dispatch.budget && !fleet.has("quota"))
      raise_at(
          lua, nullptr, {}, "each process would spend the whole budget",
          "processes share a budget in the server of quota: fleet = { checkpoint = …, quota = … }, "
          "which may be the same address");
    if (question.dispatch.budget && batches)
      raise_at(lua, nullptr, {},
               "batches cannot be paid from a budget that processes share: what is in one is "
               "reserved for longer than a share of it is held",
               "take the tier \"batch\", or the budget, or fleet out");
  }
}

}  // namespace sluice::dsl
