#include "fleet/blob.h"

#include <algorithm>

#include "core/hash.h"
#include "fleet/words.h"

namespace sluice::fleet {
namespace {

constexpr std::string_view kPool = "sluice-pool";
constexpr std::string_view kBudget = "sluice-budget";
constexpr std::uint64_t kVersion = 1;

std::string sealed(std::string text) {
  text += "end " + core::hash128(text).hex() + "\n";
  return text;
}

std::unexpected<core::Error> bad(std::string_view what, std::string_view name,
                                 std::string_view why) {
  return core::fail(core::ErrorCode::corrupt,
                    "the shared state of the " + std::string(what) + " \"" + std::string(name) +
                        "\" in the store " + std::string(why) +
                        "; delete it there, and it is made again from what the processes hold");
}

// The lines before the checksum, or why there are none.
std::expected<std::string_view, std::string_view> unsealed(std::string_view text,
                                                           std::string_view kind) {
  if (!text.starts_with(kind)) return std::unexpected("is not sluice's");
  const std::size_t last =
      text.size() < 2 ? std::string_view::npos : text.rfind('\n', text.size() - 2);
  if (last == std::string_view::npos || text.back() != '\n') return std::unexpected("is cut off");
  const std::string_view body = text.substr(0, last + 1);
  if (text.substr(last + 1) != "end " + core::hash128(body).hex() + "\n")
    return std::unexpected("is damaged");
  return body;
}

// The first line: kind, version, name, and the rest of its words.
std::string_view opened(Words& words, std::string_view name) {
  words.word();
  if (words.natural() != kVersion)
    return "was written by another version of sluice: let all processes have the same";
  return words.name() == name ? "" : "is another's";
}

void put_limit(Writer& out, const Limit& limit) {
  out.line("l").name(limit.name).natural(static_cast<std::uint64_t>(limit.kind)).number(limit.cap);
  out.flag(limit.known).flag(limit.brought).time(limit.cut_at).time(limit.raised_at);
  out.name(limit.prober).time(limit.prober_until);
  out.number(limit.flow).number(limit.level).time(limit.level_at);
}

Limit limit_of(Words& words) {
  Limit limit;
  limit.name = words.name();
  const std::uint64_t kind = words.natural();
  if (kind > static_cast<std::uint64_t>(Kind::slots)) words.fail();
  limit.kind = static_cast<Kind>(kind);
  limit.cap = words.number();
  limit.known = words.flag();
  limit.brought = words.flag();
  limit.cut_at = words.time();
  limit.raised_at = words.time();
  limit.prober = words.name();
  limit.prober_until = words.time();
  limit.flow = words.number();
  limit.level = words.number();
  limit.level_at = words.time();
  return limit;
}

void put_share(Writer& out, const Share& share) {
  out.number(share.wants).number(share.grant).number(share.held).number(share.need);
  out.number(share.ceiling).natural(static_cast<std::uint64_t>(share.idle));
  out.optional(share.stated).time(share.since).flag(share.waiting).flag(share.turns);
}

Share share_of(Words& words) {
  Share share;
  share.wants = words.number();
  share.grant = words.number();
  share.held = words.number();
  share.need = words.number();
  share.ceiling = words.number();
  share.idle = static_cast<int>(std::min<std::uint64_t>(words.natural(), 1'000'000'000));
  share.stated = words.optional();
  share.since = words.time();
  share.waiting = words.flag();
  share.turns = words.flag();
  return share;
}

}  // namespace

std::string encode(const PoolState& state) {
  Writer out;
  out.line(kPool).natural(kVersion).name(state.pool).natural(state.epoch);
  out.time(state.clock.time_since_epoch()).time(state.at);
  out.time(state.learning_since).time(state.learning_until).time(state.pause_until);
  out.time(state.breaker.open_until).name(state.breaker.prober).time(state.breaker.prober_until);
  for (const Limit& limit : state.limits) put_limit(out, limit);
  for (const Holder& holder : state.members) {
    out.line("m").name(holder.id).natural(holder.call).time(holder.seen).time(holder.until);
    out.number(holder.weight);
    for (const Share& share : holder.shares) put_share(out, share);
  }
  return sealed(out.text());
}

core::Result<PoolState> decode_pool(std::string_view pool, std::string_view text) {
  const auto body = unsealed(text, kPool);
  if (!body) return bad("pool", pool, body.error());
  PoolState state;
  state.pool = pool;
  Words words(*body);
  if (const std::string_view why = opened(words, pool); !why.empty()) return bad("pool", pool, why);
  state.epoch = words.natural();
  state.clock = StoreTime(words.time());
  state.at = words.time();
  state.learning_since = words.time();
  state.learning_until = words.time();
  state.pause_until = words.time();
  state.breaker.open_until = words.time();
  state.breaker.prober = words.name();
  state.breaker.prober_until = words.time();
  while (words.next_line()) {
    const std::string_view kind = words.word();
    if (kind == "l" && state.members.empty()) {
      state.limits.push_back(limit_of(words));
    } else if (kind == "m") {
      Holder holder;
      holder.id = words.name();
      holder.call = words.natural();
      holder.seen = words.time();
      holder.until = words.time();
      holder.weight = words.number();
      if (!(holder.weight > 0)) words.fail();
      while (words.more() && holder.shares.size() < state.limits.size())
        holder.shares.push_back(share_of(words));
      if (!state.members.empty() && !(state.members.back().id < holder.id)) words.fail();
      state.members.push_back(std::move(holder));
    } else {
      words.fail();
    }
  }
  if (!words.whole()) return bad("pool", pool, "does not read as one");
  return state;
}

std::string encode(const BudgetState& state) {
  Writer out;
  out.line(kBudget).natural(kVersion).name(state.budget).natural(state.epoch);
  out.time(state.clock.time_since_epoch()).time(state.at);
  out.time(state.learning_since).time(state.learning_until).flag(state.rebuilt);
  out.flag(state.assumed).flag(state.lost);
  out.integer(state.total).integer(state.stamp).integer(state.settled);
  out.time(state.period_end.time_since_epoch());
  for (const Escrow& escrow : state.members) {
    out.line("m").name(escrow.member).natural(escrow.call).time(escrow.until);
    out.integer(escrow.granted).natural(escrow.raised).integer(escrow.spent).integer(escrow.base);
  }
  return sealed(out.text());
}

core::Result<BudgetState> decode_budget(std::string_view budget, std::string_view text) {
  const auto body = unsealed(text, kBudget);
  if (!body) return bad("budget", budget, body.error());
  BudgetState state;
  state.budget = budget;
  Words words(*body);
  if (const std::string_view why = opened(words, budget); !why.empty())
    return bad("budget", budget, why);
  state.epoch = words.natural();
  state.clock = StoreTime(words.time());
  state.at = words.time();
  state.learning_since = words.time();
  state.learning_until = words.time();
  state.rebuilt = words.flag();
  state.assumed = words.flag();
  state.lost = words.flag();
  state.total = words.amount();
  state.stamp = words.integer();
  state.settled = words.amount();
  state.period_end = StoreTime(words.time());
  while (words.next_line()) {
    if (words.word() != "m") words.fail();
    Escrow escrow;
    escrow.member = words.name();
    escrow.call = words.natural();
    escrow.until = words.time();
    escrow.granted = words.amount();
    escrow.raised = words.natural();
    escrow.spent = words.amount();
    escrow.base = words.amount();
    if (!state.members.empty() && !(state.members.back().member < escrow.member)) words.fail();
    state.members.push_back(std::move(escrow));
  }
  if (!words.whole()) return bad("budget", budget, "does not read as one");
  return state;
}

}  // namespace sluice::fleet
