// A budget without a ledger that all reach: what is known of it is what its members bring.
#include "fleet/budget.h"

#include <gtest/gtest.h>

namespace sluice::fleet {
namespace {

// A member that calls once a second, to whose question for a ledger there is this answer.
struct Caller {
  std::string name;
  std::uint64_t number = 0;
  std::uint64_t epoch = 0;
  Amount spent = 0;
  std::optional<Ledger> ledger{};
  BudgetAnswer answer{};

  void call(BudgetState& state, int second) {
    answer = exchange(state,
                      BudgetCall{.member = name,
                                 .number = number + 1,
                                 .epoch = epoch,
                                 .last = number,
                                 .granted = answer.granted,
                                 .spent = spent,
                                 .worst = 10,
                                 .wants = 100,
                                 .total = 1000,
                                 .ledger = ledger},
                      StoreTime(std::chrono::seconds(1'000 + second)));
    ++number;
    epoch = answer.epoch;
    ledger.reset();
    if (answer.wants_ledger) ledger = Ledger{.epoch = epoch, .whole = true, .assumed = true};
  }
};

TEST(BudgetWithoutALedger, BeginsWithWhatItsMembersSayThatTheyHaveSpent) {
  BudgetState state{.budget = "b"};
  Caller a{.name = "a", .spent = 300};
  for (int second = 0; second < kEscrowTicks; ++second) {
    a.call(state, second);
    EXPECT_EQ(a.answer.granted, 300) << "nothing to spend within the first lease";
  }
  for (int second = kEscrowTicks; second < kEscrowTicks + 3; ++second) a.call(state, second);
  EXPECT_EQ(a.answer.granted, 400);
  EXPECT_EQ(a.answer.left, 700);
}

TEST(BudgetWithoutALedger, OneThatSomebodyRemembersIsLostAndGivesNothingMore) {
  BudgetState state{.budget = "b"};
  Caller remembers{.name = "a", .epoch = 5};
  Caller late{.name = "b"};
  for (int second = 0; second < 30; ++second) {
    remembers.call(state, second);
    late.call(state, second);
  }
  EXPECT_TRUE(late.answer.lost);
  EXPECT_TRUE(late.answer.wants_ledger);
  EXPECT_EQ(late.answer.granted, 0);
  EXPECT_EQ(remembers.answer.granted, 0);
}

TEST(BudgetWithoutALedger, OneThatIsRememberedTooLateGivesNothingMoreFromThenOn) {
  BudgetState state{.budget = "b"};
  Caller late{.name = "b"};
  for (int second = 0; second < 15; ++second) late.call(state, second);
  EXPECT_EQ(late.answer.granted, 100);
  Caller remembers{.name = "a", .epoch = 5};
  remembers.call(state, 15);
  late.spent = 100;
  for (int second = 16; second < 30; ++second) late.call(state, second);
  EXPECT_EQ(late.answer.granted, 100);
  EXPECT_TRUE(late.answer.lost);
}

TEST(BudgetWithoutALedger, ALedgerFindsALostOneAgain) {
  BudgetState state{.budget = "b"};
  Caller remembers{.name = "a", .epoch = 5};
  for (int second = 0; second < 15; ++second) remembers.call(state, second);
  ASSERT_TRUE(remembers.answer.lost);
  remembers.ledger =
      Ledger{.epoch = remembers.epoch, .whole = true, .lines = {{"long gone", 950, 0}}};
  for (int second = 15; second < 20; ++second) remembers.call(state, second);
  EXPECT_FALSE(remembers.answer.lost);
  EXPECT_EQ(remembers.answer.left, 50);
  EXPECT_GT(remembers.answer.granted, 0);
}

TEST(BudgetWithoutALedger, WhatTheDeadHeldIsSaidToBeWithheld) {
  BudgetState state{.budget = "b"};
  Caller dead{.name = "a"};
  for (int second = 0; second < 15; ++second) dead.call(state, second);
  Caller late{.name = "b"};
  for (int second = 15; second < 30; ++second) late.call(state, second);
  EXPECT_EQ(late.answer.withheld, 100);
  ASSERT_EQ(late.answer.unclear.size(), 1U);
  EXPECT_EQ(late.answer.unclear[0].member, "a");
  late.ledger = Ledger{.epoch = late.epoch, .lines = {{"a", 40, late.answer.unclear[0].call}}};
  late.call(state, 30);
  EXPECT_EQ(late.answer.withheld, 0);
  EXPECT_EQ(late.answer.left, 960);
}

}  // namespace
}  // namespace sluice::fleet
