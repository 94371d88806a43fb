#include "dispatch/budget_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/hash.h"
#include "fleet/blob.h"

namespace sluice::dispatch {
namespace {

using fleet::Amount;

// Leases end between two calls.
constexpr std::chrono::milliseconds kLookEvery{100};
// What is in hand is meant to last so long, and at first for so many requests: the next of it takes some 4 s to come.
constexpr double kHandSeconds = 30;
constexpr std::uint64_t kHandRequests = 32;
// With nothing to do for so long, it gives back what it has in hand.
constexpr core::Duration kIdle = std::chrono::seconds(5);
// How fast the measured spending follows.
constexpr double kBurnSeconds = 5;
// When less than a request for each process is left, the run goes on for so long; and so long when the dead hold more, which somebody may
// settle.
constexpr core::Duration kLittlePatience = std::chrono::seconds(5);
constexpr core::Duration kDeadPatience = std::chrono::seconds(30);
// A ledger that has not told is asked again.
constexpr core::Duration kAskAgain = std::chrono::seconds(10);

Amount pico(core::Money money) {
  return money.picodollars();
}
core::Money dollars(Amount amount) {
  return core::Money::picodollars(amount);
}

std::string pool_of_budget(const std::string& budget) {
  const core::Hash128 name = core::name128("budget", {budget});
  return fmt::format("budget:{:016x}{:016x}", name.high, name.low);
}

}  // namespace

BudgetShares::BudgetShares(Setup setup)
    : setup_(std::move(setup)),
      pool_(pool_of_budget(setup_.name)),
      timer_(setup_.loop.make_timer()),
      farewell_(setup_.loop.make_timer()) {}

std::int64_t BudgetShares::now_stamp() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             setup_.clock.wall_now().time_since_epoch())
      .count();
}

core::Money BudgetShares::paid(const schedule::Purse& purse) const {
  return purse.spent + purse.reserved - purse.in_flight;
}

core::Status BudgetShares::begin() {
  auto memory = BudgetMemory::read(setup_.directory, setup_.name);
  if (!memory) return std::unexpected(memory.error());
  memory_ = std::move(*memory);
  const schedule::Purse purse = setup_.purse();
  // A budget that begins does not know what was spent before; one that goes on does, and has it join again.
  const core::Money before = paid(purse) + setup_.elsewhere;
  member_.emplace(fleet::EscrowConfig{.id = setup_.member,
                                      .total = pico(setup_.total),
                                      .stamp = now_stamp(),
                                      .spent = pico(before),
                                      .epoch = memory_.epoch(),
                                      .seed = core::hash128(setup_.member).low});
  if (auto joined = join(before); !joined) return joined;
  grant(purse, setup_.clock.now());
  return {};
}

core::Status BudgetShares::join(core::Money before) {
  before_ = before;
  from_ = paid(setup_.purse());
  memory_.begin(member_->name(), before_, from_);
  if (auto written = memory_.write(); !written) return written;
  if (setup_.spends_as) setup_.spends_as(member_->name());
  return {};
}

void BudgetShares::start() {
  busy_ = measured_ = setup_.clock.now();
  burnt_ = setup_.purse().spent;
  tick();
}

void BudgetShares::look(core::Time now) {
  const schedule::Purse purse = setup_.purse();
  if (rejoining_ && purse.in_flight == core::Money()) {
    rejoining_ = false;
    if (auto joined = join({}); !joined) {
      rejoining_ = true;
      tell(
          "what this job has spent of the shared budget cannot be kept, and without that nothing "
          "is spent: " +
          joined.error().text());
    }
  }
  if (!rejoining_) {
    const core::Money spent = std::max(core::Money(), before_ + paid(purse) - from_);
    member_->counted(pico(spent), pico(purse.in_flight));
    want(purse, now);
  }
  grant(purse, now);
}

void BudgetShares::want(const schedule::Purse& purse, core::Time now) {
  if (purse.next > core::Money()) worst_ = purse.next;
  if (purse.next > core::Money() || purse.in_flight > core::Money()) busy_ = now;
  if (const double seconds = core::in_seconds(now - measured_); seconds >= 0.1) {
    const double rate = static_cast<double>(pico(purse.spent - burnt_)) / seconds;
    burn_ += (rate - burn_) * std::min(1.0, seconds / kBurnSeconds);
    burnt_ = purse.spent;
    measured_ = now;
  }
  if (leaving_ || worst_ == core::Money() || now - busy_ > kIdle) return member_->wants(0, 0);
  constexpr auto kMost = static_cast<double>(std::numeric_limits<Amount>::max() / 4);
  const auto lasting = static_cast<Amount>(std::clamp(burn_ * kHandSeconds, 0.0, kMost));
  member_->wants(pico(worst_),
                 std::max({lasting, pico(worst_ * kHandRequests), pico(purse.in_flight)}));
}

void BudgetShares::grant(const schedule::Purse& purse, core::Time now) {
  const Amount spendable = leaving_ || rejoining_ ? 0 : member_->spendable(now);
  const core::Money limit = purse.spent + purse.reserved + dollars(spendable);
  if (limit == granted_ && over_ == granted_over_) return;
  granted_ = limit;
  granted_over_ = over_;
  setup_.granted(limit, {.may_grow = over_.empty(), .over = over_});
}

void BudgetShares::tick() {
  const core::Time now = setup_.clock.now();
  look(now);
  if (!leaving_ && !calling_ && !rejoining_ && member_->next_call() <= now) {
    if (!lines_.empty() && member_->last_answer())
      member_->bring({.epoch = member_->last_answer()->epoch, .lines = std::exchange(lines_, {})});
    call(member_->call(now), {});
    look(now);  // what the call gives back is not to be spent
  }
  timer_->start(kLookEvery, [this] { tick(); });
}

void BudgetShares::call(fleet::BudgetCall call, std::function<void()> done) {
  calling_ = true;
  auto answer = std::make_shared<fleet::BudgetAnswer>();
  setup_.store.update(
      pool_,
      [call = std::move(call), answer, budget = setup_.name, &clock = setup_.clock,
       until = setup_.clock.now() + fleet::kCallTimeout](
          std::string_view text, pool_store::StoreTime now) -> core::Result<std::string> {
        if (clock.now() >= until) return core::fail(core::ErrorCode::io, "it answers too late");
        auto state = text.empty() ? fleet::BudgetState{.budget = budget}
                                  : fleet::decode_budget(budget, text);
        if (!state) return std::unexpected(state.error());
        *answer = fleet::exchange(*state, call, now);
        return fleet::encode(*state);
      },
      [this, answer, done = std::move(done)](const core::Status& status) {
        if (closing_) return;
        calling_ = false;
        const core::Time now = setup_.clock.now();
        look(now);
        if (status) {
          answered(now, *answer);
        } else {
          member_->failed();
          tell(
              "the store of the shared budget is not reached, and without it nothing new is "
              "spent: " +
              status.error().text());
        }
        look(now);
        if (done) done();
      });
}

void BudgetShares::answered(core::Time now, const fleet::BudgetAnswer& answer) {
  member_->answered(now, answer);
  if (leaving_) return;
  if (answer.epoch != memory_.epoch()) {
    memory_.set_epoch(answer.epoch);
    if (auto written = memory_.write(); !written) return tell(written.error().text());
  }
  if (answer.rejoin) {
    rejoining_ = true;
    return;
  }
  ask_ledgers(now, answer);
  over_ = over(now, answer);
  tell(wait(answer));
}

void BudgetShares::ask_ledgers(core::Time now, const fleet::BudgetAnswer& answer) {
  if (answer.wants_ledger) {
    if (setup_.ledger) return ask(now, answer, {});
    if (!answer.lost) member_->bring({.epoch = answer.epoch, .whole = true, .assumed = true});
    return;
  }
  std::vector<std::string> others;
  for (const fleet::Unclear& one : answer.unclear) {
    if (const auto spent = memory_.spent_by(one.member))
      lines_.push_back({one.member, pico(*spent), one.call});
    else
      others.push_back(one.member);
  }
  if (setup_.ledger && !others.empty()) ask(now, answer, std::move(others));
}

void BudgetShares::ask(core::Time now, const fleet::BudgetAnswer& answer,
                       std::vector<std::string> members) {
  if (asked_ && now - *asked_ < kAskAgain) return;
  asked_ = now;
  const bool whole = members.empty();
  const auto take = [this, whole, epoch = answer.epoch,
                     unclear = answer.unclear](const LedgerLines& told) {
    asked_.reset();
    std::vector<fleet::LedgerLine> lines;
    for (const auto& [member, spent] : told) {
      const auto of = std::ranges::find(unclear, member, &fleet::Unclear::member);
      if (whole || of != unclear.end())
        lines.push_back({member, pico(spent), whole ? 0 : of->call});
    }
    if (whole)
      member_->bring({.epoch = epoch, .whole = true, .lines = std::move(lines)});
    else if (member_->last_answer() && member_->last_answer()->epoch == epoch)
      lines_.insert(lines_.end(), lines.begin(), lines.end());
  };
  setup_.ledger(setup_.name, std::move(members),
                [&loop = setup_.loop, take, alive = std::weak_ptr(alive_)](LedgerLines told) {
                  loop.post([take, alive, told = std::move(told)] {
                    if (alive.lock()) take(told);
                  });
                });
}

std::string BudgetShares::over(core::Time now, const fleet::BudgetAnswer& answer) {
  if (answer.lost && answer.wants_ledger && !setup_.ledger)
    return fmt::format(
        "the store has lost what was spent of the budget that processes share as '{}', so nothing "
        "more "
        "of it is given out; to go on, give what is left of it another name: fleet = {{ budget = … "
        "}}",
        setup_.name);
  // Less than a request for each: it would be spent by one after the other, some seconds each.
  const Amount worst = std::max<Amount>(pico(worst_), 1);
  const bool little = !answer.wants_ledger && !answer.drained &&
                      answer.left - answer.withheld < worst * std::max<Amount>(answer.members, 1);
  if (!little) little_since_.reset();
  if (little && !little_since_) little_since_ = now;
  const core::Duration patience = answer.withheld > 0 ? kDeadPatience : kLittlePatience;
  const bool waited = little && now - *little_since_ >= patience;
  if (!answer.drained && !waited) return {};
  const core::Money left = dollars(answer.left);
  std::string text = fmt::format(
      "the budget of {} that processes share as '{}' is used up: all of them together have spent "
      "{}",
      setup_.total.text(), setup_.name, (setup_.total - left).text());
  if (answer.withheld > 0)
    text += fmt::format(
        ", and {} is withheld, since it was held by processes that were killed or cut off; a job "
        "that is "
        "run again where it ran settles what it held",
        dollars(answer.withheld).text());
  return text + "; to go on, raise the budget in the pipeline file";
}

std::string BudgetShares::wait(const fleet::BudgetAnswer& answer) const {
  if (answer.learning.count() > 0)
    return fmt::format(
        "the store knows nothing yet of the budget that processes share as '{}': it is given "
        "out when one lease has passed, some {} s",
        setup_.name, fleet::kEscrowTicks * fleet::kTick / std::chrono::seconds(1));
  const Amount worst = std::max<Amount>(pico(worst_), 1);
  if (over_.empty() && answer.free < worst && member_->spendable(setup_.clock.now()) < worst &&
      answer.left >= worst)
    return fmt::format(
        "nothing of the budget that processes share as '{}' is free now: what the others do not "
        "spend is waited for",
        setup_.name);
  return {};
}

void BudgetShares::tell(std::string problem) {
  if (problem == problem_) return;
  problem_ = std::move(problem);
  setup_.problem(problem_);
}

void BudgetShares::set_total(core::Money total) {
  setup_.total = total;
  member_->set_total(pico(total), now_stamp());
}

void BudgetShares::leave(std::function<void()> done) {
  leaving_ = true;
  timer_->cancel();
  const core::Time now = setup_.clock.now();
  look(now);
  // What is in flight will not be settled by this process: as if it had been killed.
  if (rejoining_ || setup_.purse().in_flight > core::Money()) return done();
  auto over = std::make_shared<std::function<void()>>(std::move(done));
  const auto end = [this, over] {
    farewell_->cancel();
    if (*over) std::exchange(*over, nullptr)();
  };
  call(member_->leave(now), end);
  farewell_->start(kFarewell, end);
}

}  // namespace sluice::dispatch
