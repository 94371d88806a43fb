// What a server says about tokens and charges, held against what was sent and what came back.
#include "provider/exchange.h"

#include <gtest/gtest.h>

#include "provider/attempt_cost.h"

namespace sluice::provider {
namespace {

// 400 bytes of a row in a body of 1,000; an answer of 40 bytes in a reply of 600.
constexpr Exchange kExchange{
    .sent = 1000, .prompt = 400, .words = 40, .reply = 600, .max_output_tokens = 200};
constexpr core::Money kCent = core::Money::picodollars(10'000'000'000);
const WorstCase kWorst{.usage = {}, .cost = kCent};
const core::Price kTenfold{.input = core::Money::picodollars(1'000'000),
                           .cached_input = core::Money::picodollars(100'000),
                           .output = core::Money::picodollars(10'000'000)};

Outcome answered(Usage usage, std::optional<core::Money> charged = {}) {
  Outcome outcome;
  outcome.status = 200;
  outcome.billing = Billing::known;
  outcome.usage = usage;
  outcome.charged = charged;
  return outcome;
}

TEST(Plausible, CountsOfAnyTokenizerAre) {
  for (const Usage usage : {Usage{250, 0, 10}, Usage{1000, 900, 40}, Usage{7, 0, 2},
                            Usage{1100, 0, 200, 190}, Usage{9000, 0, 10}}) {
    EXPECT_TRUE(plausible(usage, kExchange, true)) << usage.input << " " << usage.output;
  }
}

TEST(Plausible, CountsThatCannotBeAreNot) {
  for (const Usage usage :
       {Usage{}, Usage{0, 0, 10}, Usage{250, 0, 0}, Usage{5, 0, 10}, Usage{250, 251, 10},
        Usage{4'294'967'295, 0, 10}, Usage{20'000, 0, 10}, Usage{250, 0, 5000}}) {
    EXPECT_FALSE(plausible(usage, kExchange, true)) << usage.input << " " << usage.output;
  }
  Exchange longer = kExchange;
  longer.words = 6400;
  EXPECT_FALSE(plausible({250, 0, 100}, longer, true)) << "64 bytes a token";
}

TEST(Plausible, AnAnswerWithoutWordsMayHaveNoOutput) {
  Exchange silent = kExchange;
  silent.words = 0;
  EXPECT_TRUE(plausible({250, 0, 0}, silent, true));
}

TEST(Plausible, AReplyShowsByItsLengthThatTheLimitWasNotKept) {
  Exchange longer = kExchange;
  longer.words = longer.reply = 40'000;
  EXPECT_TRUE(plausible({250, 0, 9000}, longer, true));
}

TEST(Plausible, AFailureMayHaveUsedNothing) {
  EXPECT_TRUE(plausible({}, kExchange, false));
}

TEST(WordBytes, LeavesOutWhiteSpace) {
  EXPECT_EQ(word_bytes(" a\n\tb \r\n"), 2U);
  EXPECT_EQ(word_bytes(""), 0U);
}

TEST(HoldAgainst, WhatCannotBeIsDroppedAndMayCostTheWorst) {
  Outcome outcome = answered({4'294'967'295, 0, 10});
  const Doubts doubts = hold_against(outcome, kExchange, kTenfold, kCent);
  EXPECT_TRUE(doubts.usage);
  EXPECT_FALSE(doubts.charge);
  EXPECT_EQ(outcome.usage, Usage{});
  EXPECT_EQ(outcome.billing, Billing::possible);
  EXPECT_EQ(attempt_cost(outcome, kTenfold, kWorst).cost, kCent);
}

TEST(HoldAgainst, WhatCanBeIsKept) {
  Outcome outcome = answered({250, 0, 10}, core::Money::picodollars(200'000'000));
  const Doubts doubts = hold_against(outcome, kExchange, kTenfold, kCent);
  EXPECT_FALSE(doubts.usage || doubts.charge);
  EXPECT_EQ(outcome.usage, (Usage{250, 0, 10}));
  EXPECT_EQ(attempt_cost(outcome, kTenfold, kWorst).cost, core::Money::picodollars(200'000'000));
}

TEST(HoldAgainst, AChargeOfZeroForWorkDoneIsNoCharge) {
  Outcome outcome = answered({250, 0, 10}, core::Money());
  EXPECT_TRUE(hold_against(outcome, kExchange, kTenfold, kCent).charge);
  EXPECT_EQ(attempt_cost(outcome, kTenfold, kWorst).cost, cost_of(Usage{250, 0, 10}, kTenfold));

  Outcome blind = answered({}, core::Money());
  const Doubts doubts = hold_against(blind, kExchange, kTenfold, kCent);
  EXPECT_TRUE(doubts.charge && doubts.usage);
  EXPECT_EQ(attempt_cost(blind, kTenfold, kWorst).cost, kCent) << "neither counts nor a charge";
}

TEST(HoldAgainst, WhatIsFreeMayBeChargedNothing) {
  Outcome outcome = answered({250, 0, 10}, core::Money());
  EXPECT_FALSE(hold_against(outcome, kExchange, {}, {}).charge);
  EXPECT_EQ(outcome.charged, core::Money());
}

TEST(HoldAgainst, AChargeInOtherUnitsIsNoCharge) {
  for (const std::int64_t pico : {1'000'000'000'000'000'000LL, 2'000'000'000'000LL, 1'000'000LL}) {
    Outcome outcome = answered({250, 0, 10}, core::Money::picodollars(pico));
    EXPECT_TRUE(hold_against(outcome, kExchange, kTenfold, kCent).charge) << pico;
    EXPECT_EQ(outcome.charged, std::nullopt);
    EXPECT_EQ(outcome.billing, Billing::known) << "the counts are still good";
  }
  Outcome priceless = answered({250, 0, 10}, core::Money::picodollars(1'000'000'000'000'000'000));
  EXPECT_TRUE(hold_against(priceless, kExchange, {}, {}).charge) << "a million dollars";
}

TEST(HoldAgainst, AChargeAloneIsEnough) {
  Outcome outcome = answered({}, core::Money::picodollars(500'000'000));
  outcome.billing = Billing::known;
  const Doubts doubts = hold_against(outcome, kExchange, kTenfold, kCent);
  EXPECT_FALSE(doubts.usage || doubts.charge);
  EXPECT_EQ(outcome.billing, Billing::known);
  EXPECT_EQ(attempt_cost(outcome, kTenfold, kWorst).cost, core::Money::picodollars(500'000'000));
}

}  // namespace
}  // namespace sluice::provider
