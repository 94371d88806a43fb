#include "provider/error_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "codec/registry.h"

namespace sluice::provider {
namespace {

// The response that a rule is about, as plainly as it can come.
ErrorFacts example_of(const ErrorRule& rule, int status) {
  ErrorFacts facts;
  facts.status = status;
  facts.code = rule.name;
  facts.message = rule.words;
  return facts;
}

// Each service's own rules, and the common ones for the service that has none.
struct RulesOfService {
  std::string_view service;
  std::span<const ErrorRule> own;
  std::span<const ErrorRule> examples;
};
std::vector<RulesOfService> all_rules() {
  std::vector<RulesOfService> all = {{"", {}, common_error_rules()}};
  for (const Provider& provider : codec::providers()) {
    const Profile& profile = *provider.profile;
    all.push_back({profile.name, profile.errors, profile.errors});
  }
  return all;
}

TEST(ErrorTable, EachRuleDecidesItsOwnExample) {
  // A rule that stood below a wider one would never be reached, for any status.
  for (const auto& [service, own, rules] : all_rules()) {
    for (const ErrorRule& rule : rules) {
      bool reached = false;
      for (int status = rule.from; status <= rule.to && !reached; ++status) {
        const Verdict verdict = classify(example_of(rule, status), own);
        reached = verdict.action == rule.action && verdict.cause == rule.cause &&
                  verdict.billing == rule.billing;
      }
      EXPECT_TRUE(reached) << service << ' ' << rule.from << ' ' << rule.name << ' ' << rule.words
                           << ' ' << cause_name(rule.cause);
    }
  }
}

TEST(ErrorTable, CommonRulesStandInTheOrderOfTheirKinds) {
  EXPECT_TRUE(std::ranges::is_sorted(common_error_rules(), {}, &ErrorRule::kind));
}

// A service's rule of a later kind does not hide that an error is about money.
TEST(ErrorTable, AServicesOwnRuleStandsBeforeTheCommonOnesOfItsKindAlone) {
  const std::span<const ErrorRule> together = codec::find_provider("together").profile->errors;
  ErrorFacts facts;
  facts.status = 403;
  EXPECT_EQ(classify(facts, {}).action, Action::refused);
  EXPECT_EQ(classify(facts, together).action, Action::split);
  facts.message = "Credit limit exceeded";
  EXPECT_EQ(classify(facts, together).action, Action::stop);
}

TEST(ErrorTable, NoRepeatingAndNoHintUndoesAStop) {
  for (const auto& [service, own, rules] : all_rules()) {
    for (const ErrorRule& rule : rules) {
      if (rule.action != Action::stop) continue;
      ErrorFacts facts = example_of(rule, rule.from);
      facts.should_retry = true;
      EXPECT_EQ(classify(facts, own).action, Action::stop) << rule.name << rule.words;
      facts.should_retry = false;
      EXPECT_EQ(classify(facts, own).action, Action::stop) << rule.name << rule.words;
    }
  }
}

TEST(ErrorTable, MoneyCountsWhereverItsNameStands) {
  for (int part = 0; part < 3; ++part) {
    ErrorFacts facts;
    facts.status = 429;
    (part == 0 ? facts.type : part == 1 ? facts.code : facts.detail) = "insufficient_quota";
    facts.retry_after = std::chrono::seconds(1);
    EXPECT_EQ(classify(facts, {}).action, Action::stop) << part;
  }
}

TEST(ErrorTable, MatchesWordsInAnyCase) {
  ErrorFacts facts;
  facts.status = 400;
  facts.message = "YOU HAVE REACHED YOUR SPECIFIED API USAGE LIMITS";
  EXPECT_EQ(classify(facts, codec::find_provider("anthropic").profile->errors).cause,
            Cause::spend_limit);
}

TEST(ErrorTable, WaitsOutADailyQuotaOnlyWhenTheWaitIsShort) {
  ErrorFacts facts;
  facts.status = 429;
  facts.message = "limit of requests per day";
  EXPECT_EQ(classify(facts, {}).action, Action::stop);
  facts.retry_after = kLongWait;
  EXPECT_EQ(classify(facts, {}).action, Action::stop);
  facts.retry_after = kLongWait - std::chrono::seconds(1);
  EXPECT_EQ(classify(facts, {}).action, Action::retry);
}

TEST(ErrorTable, HonoursTheServersWordOnRetrying) {
  ErrorFacts facts;
  facts.status = 500;
  facts.should_retry = false;
  EXPECT_EQ(classify(facts, {}).action, Action::dead);
  facts.status = 400;
  EXPECT_EQ(classify(facts, {}).action, Action::refused);
  facts.should_retry = true;
  EXPECT_EQ(classify(facts, {}).action, Action::retry);
  facts.status = 413;  // the same bytes will not get smaller
  EXPECT_EQ(classify(facts, {}).action, Action::split);
}

TEST(ErrorTable, TakesAStatusOutsideHttpForABadReply) {
  for (const int status : {0, 100, 600, -1}) {
    ErrorFacts facts;
    facts.status = status;
    EXPECT_EQ(classify(facts, {}).action, Action::retry) << status;
    EXPECT_EQ(classify(facts, {}).cause, Cause::bad_reply) << status;
    EXPECT_EQ(classify(facts, {}).billing, Billing::possible) << status;
  }
}

}  // namespace
}  // namespace sluice::provider
