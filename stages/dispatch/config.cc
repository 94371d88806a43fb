#include "dispatch/config.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "dispatch/day_use.h"

namespace sluice::dispatch {
namespace {

schedule::DayUsed day_used(std::size_t endpoint, const provider::EndpointSpec& spec,
                           const checkpoint::Checkpoint::Opened& opened, const DayUses& elsewhere,
                           const core::Clock& clock) {
  std::vector<store::DayUse> kept;
  if (endpoint < opened.day_use.size()) kept.push_back(opened.day_use[endpoint]);
  const auto [begin, end] = elsewhere.equal_range(spec.name);
  for (auto other = begin; other != end; ++other) kept.push_back(other->second);
  schedule::DayUsed used = used_now(kept, spec.limits, clock.wall_now());
  used.at = clock.now();
  return used;
}

std::uint64_t parked_at(std::size_t endpoint, const checkpoint::Checkpoint::Opened& opened) {
  std::uint64_t lines = 0;
  for (const store::BatchRecord& batch : opened.batches)
    if (batch.endpoint == endpoint && batch.open()) lines += batch.lines;
  return lines;
}

// What the job's batches have taken: the median.
std::optional<core::Duration> usual_batch(const std::vector<store::BatchRecord>& batches) {
  std::vector<std::int64_t> seconds;
  for (const store::BatchRecord& batch : batches)
    if (batch.phase == store::BatchPhase::collected && batch.ended_at > batch.created_at &&
        !batch.cancelled)
      seconds.push_back(batch.ended_at - batch.created_at);
  if (seconds.empty()) return std::nullopt;
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::ranges::nth_element(seconds, middle);
  return std::chrono::seconds(*middle);
}

}  // namespace

std::size_t longest_frame(std::span<const Endpoint> endpoints) {
  std::size_t bytes = 0;
  for (const Endpoint& endpoint : endpoints) bytes = std::max(bytes, endpoint.frame_bytes());
  return bytes;
}

schedule::Config schedule_config(const stages::DispatchSpec& spec,
                                 std::span<const Endpoint> endpoints,
                                 const checkpoint::Checkpoint& checkpoint,
                                 const DayUses& used_by_others, const core::Clock& clock) {
  schedule::Config config;
  const store::Account account = checkpoint.account();
  const checkpoint::Checkpoint::Opened& opened = checkpoint.opened();
  const std::size_t frame = longest_frame(endpoints);
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    const provider::EndpointSpec& from = spec.endpoints[e];
    config.endpoints.push_back(
        {.name = from.name,
         .limits = from.limits,
         .price = endpoints[e].price,
         .max_output_tokens = endpoints[e].output_cap,
         .weight = from.weight,
         .warm_up = pays_to_warm_up(endpoints[e].price, frame),
         .capped = from.max_output_tokens.has_value(),
         .answered_before = e < account.endpoints.size() && account.endpoints[e].answered > 0,
         .day_used = day_used(e, from, opened, used_by_others, clock),
         .batch = from.batch,
         .parked = parked_at(e, opened)});
  }
  config.route = spec.route;
  config.hedge = spec.hedge;
  config.retry.attempts = 1 + spec.retries;
  config.budget = spec.budget;
  config.spent = opened.spent;
  config.parked_cost = opened.reserved;
  if (const auto usual = usual_batch(opened.batches)) config.batch_usual = *usual;
  if (spec.deadline) config.deadline = clock.now() + *spec.deadline;
  config.first_attempt = opened.next_attempt;
  config.seed = opened.next_attempt;
  return config;
}

}  // namespace sluice::dispatch
