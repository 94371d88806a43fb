#include "provider/error_table.h"

#include <gtest/gtest.h>

namespace sluice::provider {
namespace {

// The response that a row is about, as plainly as it can come.
ErrorFacts example_of(const ErrorRule& rule, int status) {
  ErrorFacts facts;
  facts.service = rule.service.value_or(Service::other);
  facts.status = status;
  facts.code = rule.name;
  facts.message = rule.words;
  return facts;
}

TEST(ErrorTable, EachRowDecidesItsOwnExample) {
  // A row that stood below a wider one would never be reached, for any status.
  for (const ErrorRule& rule : error_rules()) {
    bool reached = false;
    for (int status = rule.from; status <= rule.to && !reached; ++status) {
      const Verdict verdict = classify(example_of(rule, status));
      reached = verdict.action == rule.action && verdict.cause == rule.cause &&
                verdict.billing == rule.billing;
    }
    EXPECT_TRUE(reached) << rule.from << ' ' << rule.name << ' ' << rule.words << ' '
                         << cause_name(rule.cause);
  }
}

TEST(ErrorTable, NoRepeatingAndNoHintUndoesAStop) {
  for (const ErrorRule& rule : error_rules()) {
    if (rule.action != Action::stop) continue;
    ErrorFacts facts = example_of(rule, rule.from);
    facts.should_retry = true;
    EXPECT_EQ(classify(facts).action, Action::stop) << rule.name << rule.words;
    facts.should_retry = false;
    EXPECT_EQ(classify(facts).action, Action::stop) << rule.name << rule.words;
  }
}

TEST(ErrorTable, MoneyCountsWhereverItsNameStands) {
  for (int part = 0; part < 3; ++part) {
    ErrorFacts facts;
    facts.status = 429;
    (part == 0 ? facts.type : part == 1 ? facts.code : facts.detail) = "insufficient_quota";
    facts.retry_after = std::chrono::seconds(1);
    EXPECT_EQ(classify(facts).action, Action::stop) << part;
  }
}

TEST(ErrorTable, MatchesWordsInAnyCase) {
  ErrorFacts facts;
  facts.service = Service::anthropic;
  facts.status = 400;
  facts.message = "YOU HAVE REACHED YOUR SPECIFIED API USAGE LIMITS";
  EXPECT_EQ(classify(facts).cause, Cause::spend_limit);
}

TEST(ErrorTable, WaitsOutADailyQuotaOnlyWhenTheWaitIsShort) {
  ErrorFacts facts;
  facts.status = 429;
  facts.message = "limit of requests per day";
  EXPECT_EQ(classify(facts).action, Action::stop);
  facts.retry_after = kLongWait;
  EXPECT_EQ(classify(facts).action, Action::stop);
  facts.retry_after = kLongWait - std::chrono::seconds(1);
  EXPECT_EQ(classify(facts).action, Action::retry);
}

TEST(ErrorTable, HonoursTheServersWordOnRetrying) {
  ErrorFacts facts;
  facts.status = 500;
  facts.should_retry = false;
  EXPECT_EQ(classify(facts).action, Action::dead);
  facts.status = 400;
  EXPECT_EQ(classify(facts).action, Action::refused);
  facts.should_retry = true;
  EXPECT_EQ(classify(facts).action, Action::retry);
  facts.status = 413;  // the same bytes will not get smaller
  EXPECT_EQ(classify(facts).action, Action::split);
}

TEST(ErrorTable, TakesAStatusOutsideHttpForABadReply) {
  for (const int status : {0, 100, 600, -1}) {
    ErrorFacts facts;
    facts.status = status;
    EXPECT_EQ(classify(facts).action, Action::retry) << status;
    EXPECT_EQ(classify(facts).cause, Cause::bad_reply) << status;
    EXPECT_EQ(classify(facts).billing, Billing::possible) << status;
  }
}

}  // namespace
}  // namespace sluice::provider
