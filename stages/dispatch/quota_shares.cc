#include "dispatch/quota_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include "core/hash.h"
#include "fleet/blob.h"
#include "schedule/quota.h"
#include "storage/atomic_file.h"
#include "storage/whole_file.h"

namespace sluice::dispatch {
namespace {

using provider::Quota;

// Shares end, permits come and pauses pass between two calls.
constexpr std::chrono::milliseconds kTick{100};
// What the pool serves with a turn the scheduler must wait for, and the other way round.
static_assert(std::chrono::duration<double>(schedule::Shares::kPatience) == fleet::kPatience);
constexpr std::array<std::pair<Quota, const char*>, 4> kShared = {
    {{Quota::requests_per_minute, "requests"},
     {Quota::tokens_per_minute, "tokens"},
     {Quota::input_tokens_per_minute, "input tokens"},
     {Quota::output_tokens_per_minute, "output tokens"}}};

constexpr std::size_t index(Quota quota) {
  return static_cast<std::size_t>(quota);
}

std::string id_of(const std::string& member, std::size_t endpoint) {
  return fmt::format("{}.{}", member, endpoint);
}

// The member that the last run of this checkpoint was, and empty where there is none; the next one finds `member`. A file that
// cannot be read or written costs a lease.
std::string exchange_member(const std::string& directory, const std::string& member) {
  constexpr std::uint64_t kMostBytes = 64;
  const std::string path = directory + "/shared-quota";
  const auto last = storage::read_whole(path, kMostBytes);
  if (auto file = storage::AtomicFile::create(path); file && (*file)->write(member))
    std::ignore = (*file)->finish();
  return last.value_or(std::string());
}

fleet::MemberConfig config_of(const provider::EndpointSpec& spec, std::string id,
                              std::string heir_of) {
  fleet::MemberConfig config{.id = std::move(id), .heir_of = std::move(heir_of)};
  for (const auto& [quota, name] : kShared) {
    if (const auto limit = spec.limits[quota])
      config.limits.push_back({.name = name, .kind = fleet::Kind::rate, .stated = *limit / 60});
  }
  if (const auto slots = spec.limits.max_concurrency)
    config.limits.push_back(
        {.name = "in flight", .kind = fleet::Kind::slots, .stated = static_cast<double>(*slots)});
  config.seed = core::hash128(config.id).low;
  return config;
}

}  // namespace

std::string pool_of(const provider::EndpointSpec& endpoint) {
  const core::Hash128 name =
      core::name128("pool", {endpoint.base_url, endpoint.model, endpoint.service_tier,
                             endpoint.key.reveal(), endpoint.credentials.reveal()});
  return fmt::format("{:016x}{:016x}", name.high, name.low);
}

QuotaShares::QuotaShares(Setup setup)
    : setup_(std::move(setup)),
      timer_(setup_.loop.make_timer()),
      farewell_(setup_.loop.make_timer()) {
  const std::string last = exchange_member(setup_.directory, setup_.member);
  for (std::size_t e = 0; e < setup_.specs.size(); ++e) {
    const provider::EndpointSpec& spec = setup_.specs[e];
    fleet::MemberConfig config =
        config_of(spec, id_of(setup_.member, e), last.empty() ? last : id_of(last, e));
    if (config.limits.empty() || spec.batch) continue;
    std::vector<Quota> quotas;
    for (const auto& [quota, name] : kShared)
      if (spec.limits[quota]) quotas.push_back(quota);
    shared_.push_back({.endpoint = static_cast<schedule::EndpointId>(e),
                       .pool = pool_of(spec),
                       .quotas = std::move(quotas),
                       .slots = spec.limits.max_concurrency.has_value(),
                       .member = fleet::Member(std::move(config))});
  }
}

void QuotaShares::start() {
  const core::Time now = setup_.clock.now();
  for (Shared& shared : shared_) {
    shared.looked = now;
    grant(shared, now);  // nothing yet
  }
  tick();
}

void QuotaShares::tick() {
  const core::Time now = setup_.clock.now();
  for (Shared& shared : shared_) {
    look(shared, now);
    if (!leaving_ && !shared.calling && shared.member.next_call() <= now)
      call(shared, shared.member.call(now), {});
    grant(shared, now);
  }
  timer_->start(kTick, [this] { tick(); });
}

void QuotaShares::look(Shared& shared, core::Time now) {
  const schedule::Demanded demanded = setup_.demanded(shared.endpoint);
  const double seconds = std::max(1e-3, core::in_seconds(now - shared.looked));
  shared.looked = now;
  for (std::size_t limit = 0; limit < shared.quotas.size(); ++limit) {
    const std::size_t q = index(shared.quotas[limit]);
    const double used = std::max(0.0, demanded.used[q] - shared.used[q]);
    shared.used[q] = demanded.used[q];
    shared.member.used(limit, used);
    // With work at hand as much as there is; else what it has just needed, until it needs nothing.
    shared.member.wants(
        limit, demanded.waiting ? std::numeric_limits<double>::infinity() : used / seconds);
    shared.member.waits(limit, demanded.waiting && demanded.next
                                   ? schedule::units_of(shared.quotas[limit], *demanded.next)
                                   : 0);
    if (demanded.permits_used[q] != std::exchange(shared.permits_used[q], demanded.permits_used[q]))
      shared.member.take_permit(limit);
  }
  if (!shared.slots) return;
  const std::size_t limit = shared.quotas.size();
  shared.member.in_flight(limit, demanded.in_flight);
  shared.member.wants(
      limit, demanded.waiting ? std::numeric_limits<double>::infinity() : demanded.in_flight);
  shared.member.waits(limit, demanded.waiting ? 1 : 0);
}

void QuotaShares::call(Shared& shared, fleet::Call call, std::function<void()> done) {
  shared.calling = true;
  auto answer = std::make_shared<fleet::Answer>();
  setup_.store.update(
      shared.pool,
      [call = std::move(call), answer, pool = shared.pool, &clock = setup_.clock,
       until = setup_.clock.now() + fleet::kCallTimeout](
          std::string_view text, pool_store::StoreTime now) -> core::Result<std::string> {
        if (clock.now() >= until) return core::fail(core::ErrorCode::io, "it answers too late");
        auto state = text.empty() ? fleet::PoolState{.pool = pool} : fleet::decode_pool(pool, text);
        if (!state) return std::unexpected(state.error());
        *answer = fleet::exchange(*state, call, now);
        return fleet::encode(*state);
      },
      [this, &shared, answer, done = std::move(done)](const core::Status& status) {
        if (closing_) return;
        shared.calling = false;
        const core::Time now = setup_.clock.now();
        look(shared, now);  // a permit that was used by now is not to be given again
        if (status) {
          shared.member.answered(now, *answer);
          tell(answer->learning.count() == 0 ? std::string()
                                             : "its quotas are shared, and the store knows nobody "
                                               "who uses them: each gets its share when one "
                                               "lease has passed, some 4 s");
        } else {
          shared.member.failed();
          tell("the store of shared quotas is not reached, and without it nothing new is sent: " +
               status.error().text());
        }
        grant(shared, now);
        if (done) done();
      });
}

void QuotaShares::grant(Shared& shared, core::Time now) {
  schedule::Share share;
  for (std::size_t limit = 0; limit < shared.quotas.size(); ++limit) {
    const std::size_t q = index(shared.quotas[limit]);
    share.per_second[q] = leaving_ ? 0 : shared.member.share(now, limit);
    share.permit[q] = leaving_ ? 0 : shared.member.permit(now, limit);
  }
  if (shared.slots)
    share.slots =
        leaving_ ? 0
                 : static_cast<int>(std::min(1e6, shared.member.share(now, shared.quotas.size())));
  // Beyond a lease only where the member says that there is something without one.
  const core::Time end = shared.member.lease_end();
  share.until = end > now ? end : now + 2 * kTick;
  setup_.granted(shared.endpoint, share);
}

void QuotaShares::tell(std::string problem) {
  if (problem == problem_) return;
  problem_ = std::move(problem);
  setup_.problem(problem_);
}

void QuotaShares::finished(schedule::EndpointId endpoint, const provider::Outcome& outcome) {
  const auto found = std::ranges::find(shared_, endpoint, &Shared::endpoint);
  if (found == shared_.end()) return;
  const core::Time now = setup_.clock.now();
  for (std::size_t limit = 0; limit < found->quotas.size(); ++limit) {
    if (outcome.cause == provider::Cause::rate_limit) found->member.refused(limit);
    const auto& stated = outcome.hints.quota[index(found->quotas[limit])].limit;
    if (stated && *stated > 0) found->member.stated(now, limit, *stated / 60);
  }
}

void QuotaShares::leave(std::function<void()> done) {
  leaving_ = true;
  timer_->cancel();
  const core::Time now = setup_.clock.now();
  auto left = std::make_shared<std::size_t>(shared_.size());
  auto over = std::make_shared<std::function<void()>>(std::move(done));
  const auto end = [this, over] {
    farewell_->cancel();
    if (*over) std::exchange(*over, nullptr)();
  };
  if (shared_.empty()) return end();
  for (Shared& shared : shared_) {
    look(shared, now);
    grant(shared, now);
    call(shared, shared.member.leave(now), [left, end] {
      if (--*left == 0) end();
    });
  }
  farewell_->start(kFarewell, end);
}

}  // namespace sluice::dispatch
