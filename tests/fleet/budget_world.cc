#include "budget_world.h"

#include <algorithm>

namespace sluice::fleet {

BudgetWorld::BudgetWorld(std::uint64_t seed, BudgetScenario scenario)
    : machines_(seed), scenario_(scenario) {}

std::size_t BudgetWorld::join() {
  const std::size_t number = machines_.add();
  auto actor = std::make_unique<Actor>();
  actor->member = std::make_unique<EscrowMember>(EscrowConfig{.id = "m" + std::to_string(number),
                                                              .total = scenario_.total,
                                                              .stamp = stamp_,
                                                              .period = scenario_.period,
                                                              .seed = machines_.draw()});
  actors_.push_back(std::move(actor));
  wake(number);
  tick(number);
  return number;
}

void BudgetWorld::set_total(Amount total) {
  scenario_.total = total;
  ++stamp_;
  for (const auto& actor : actors_) actor->member->set_total(total, stamp_);
}

void BudgetWorld::leave(std::size_t member) {
  actors_[member]->leaving = true;
}

void BudgetWorld::wake(std::size_t member) {
  machines_.at(machines_.when(actors_[member]->member->next_call()), member,
               [this, member] { begin_call(member); });
}

void BudgetWorld::begin_call(std::size_t member) {
  Actor& actor = *actors_[member];
  if (actor.left) return;
  actor.left = actor.leaving && actor.in_flight == 0;
  const Amount wants = actor.leaving ? 0 : scenario_.worst * scenario_.slots * 10;
  actor.member->wants(wants > 0 ? scenario_.worst : 0, wants);
  const auto call = std::make_shared<const BudgetCall>(actor.left ? actor.member->leave(time())
                                                                  : actor.member->call(time()));
  const std::uint64_t number = actor.call = call->number;
  machines_.carry(
      store_, member, call, [&actor, number] { return actor.call == number; },
      [this, member](const BudgetAnswer& answer, Ms) { answered(member, answer); });
  machines_.at(now() + kCallTimeout, member, [this, &actor, member, number] {
    if (actor.call != number) return;
    actor.call = 0;
    actor.member->failed();
    if (!actor.left) wake(member);
  });
}

void BudgetWorld::answered(std::size_t member, const BudgetAnswer& answer) {
  Actor& actor = *actors_[member];
  actor.call = 0;
  actor.member->answered(time(), answer);
  // What was in flight when the ledger was read has been counted at its worst, and costs less.
  if (answer.rejoin) overcounted_ += scenario_.slots * scenario_.worst;
  if (actor.left) return;
  Ledger ledger{.epoch = answer.epoch, .whole = answer.wants_ledger};
  if (answer.wants_ledger) {
    for (const auto& [name, line] : ledger_)
      ledger.lines.push_back({name, line.settled + line.in_flight});
  } else {
    for (const Unclear& one : answer.unclear) {
      const Line& line = ledger_[one.member];
      ledger.lines.push_back({one.member, line.settled + line.in_flight, one.call});
    }
  }
  // Read at once, brought some time later.
  if (ledger.whole || !ledger.lines.empty()) actor.member->bring(std::move(ledger));
  wake(member);
}

void BudgetWorld::tick(std::size_t member) {
  Actor& actor = *actors_[member];
  if (actor.left) return;
  while (!actor.leaving && actor.in_flight < scenario_.slots && machines_.fraction() < 0.8) {
    const int before = actor.in_flight;
    send(member);
    if (actor.in_flight == before) break;
  }
  machines_.at(now() + Ms(50 + static_cast<std::int64_t>(100 * machines_.fraction())), member,
               [this, member] { tick(member); });
}

void BudgetWorld::send(std::size_t member) {
  Actor& actor = *actors_[member];
  const auto reserved = actor.member->reserve(time(), scenario_.worst);
  if (!reserved) return;
  ++actor.in_flight;
  const std::string name = actor.member->name();
  ledger_[name].in_flight += scenario_.worst;
  const auto cost =
      static_cast<Amount>(static_cast<double>(scenario_.worst) * machines_.fraction());
  const Ms takes(1 + static_cast<std::int64_t>(machines_.fraction() *
                                               static_cast<double>(scenario_.slowest.count())));
  machines_.at(now() + takes, member, [this, &actor, name, cost, reserved] {
    --actor.in_flight;
    ledger_[name].in_flight -= scenario_.worst;
    ledger_[name].settled += cost;
    actor.member->settle(*reserved, cost);
  });
}

Amount BudgetWorld::committed() const {
  Amount sum = 0;
  for (const auto& [name, line] : ledger_) sum += line.settled + line.in_flight;
  return sum;
}

bool BudgetWorld::drained() const {
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    if (!machines_.alive(i) || actors_[i]->left || machines_.stopped(i)) continue;
    const auto& answer = actors_[i]->member->last_answer();
    if (!answer || !answer->drained) return false;
  }
  return true;
}

void BudgetWorld::check() {
  if (scenario_.period > Ms(0) || committed() <= scenario_.total || !broken_.empty()) return;
  broken_ = "after " + std::to_string(now().count()) + " ms: " + std::to_string(committed()) +
            " of " + std::to_string(scenario_.total) + " spent or in flight";
}

bool BudgetWorld::play(Ms duration) {
  const Ms end = now() + duration;
  while (broken_.empty() && machines_.advance(end, [](Ms) {})) check();
  return broken_.empty();
}

}  // namespace sluice::fleet
