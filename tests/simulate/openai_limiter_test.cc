#include "simulate/openai_limiter.h"

#include <gtest/gtest.h>

namespace sluice::simulate {
namespace {

using namespace std::chrono_literals;

const core::Time kStart(1000s);

std::vector<std::pair<std::string, std::string>> headers(Limiter& limiter, core::Time now) {
  std::vector<std::pair<std::string, std::string>> out;
  append_headers(limiter.levels(now), out);
  return out;
}

TEST(Limiter, AdmitsAMinutesRequestsAtOnceAndThenAtTheRate) {
  Limiter limiter(60, std::nullopt);
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(limiter.admit(kStart, 10).admitted) << i;
  const auto refused = limiter.admit(kStart, 10);
  EXPECT_FALSE(refused.admitted);
  EXPECT_FALSE(refused.never);
  EXPECT_STREQ(refused.kind, "requests");
  EXPECT_EQ(refused.retry_after, 1s);
  EXPECT_FALSE(limiter.admit(kStart + 999ms, 10).admitted);
  EXPECT_TRUE(limiter.admit(kStart + 1s, 10).admitted);
  EXPECT_FALSE(limiter.admit(kStart + 1s, 10).admitted);
}

TEST(Limiter, AdmitsWhenTheTimeThatItNamedHasPassed) {
  for (int rate : {7, 13, 999, 30'000}) {
    Limiter limiter(rate, std::nullopt);
    core::Time now = kStart;
    for (int i = 0; i < 3 * rate; ++i) {
      const auto verdict = limiter.admit(now, 1);
      if (verdict.admitted) continue;
      now += verdict.retry_after;
      ASSERT_TRUE(limiter.admit(now, 1).admitted) << rate << ' ' << i;
    }
  }
}

TEST(Limiter, CountsTokensOfPromptsAndAnswers) {
  Limiter limiter(std::nullopt, 600);
  EXPECT_TRUE(limiter.admit(kStart, 400).admitted);
  limiter.charge(300);  // 100 in debt
  const auto refused = limiter.admit(kStart, 50);
  EXPECT_STREQ(refused.kind, "tokens");
  EXPECT_EQ(refused.retry_after, 15s);
  EXPECT_TRUE(limiter.admit(kStart + 15s, 50).admitted);
}

TEST(Limiter, SaysNeverToWhatIsLargerThanAMinutesQuota) {
  Limiter limiter(std::nullopt, 600);
  EXPECT_TRUE(limiter.admit(kStart, 601).never);
  EXPECT_TRUE(limiter.admit(kStart, 600).admitted);
}

TEST(Limiter, TellsItsStateInOpenAisHeaders) {
  Limiter limiter(500, 60'000);
  ASSERT_TRUE(limiter.admit(kStart, 100).admitted);
  limiter.charge(20);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"x-ratelimit-limit-requests", "500"},     {"x-ratelimit-remaining-requests", "499"},
      {"x-ratelimit-reset-requests", "120ms"},   {"x-ratelimit-limit-tokens", "60000"},
      {"x-ratelimit-remaining-tokens", "59880"}, {"x-ratelimit-reset-tokens", "120ms"}};
  EXPECT_EQ(headers(limiter, kStart), expected);
}

TEST(Limiter, IsSilentWhereThereIsNoLimit) {
  Limiter limiter(std::nullopt, std::nullopt);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limiter.admit(kStart, 1'000'000).admitted);
  EXPECT_TRUE(headers(limiter, kStart).empty());
}

TEST(GoDuration, IsWrittenAsOpenAiWritesIt) {
  EXPECT_EQ(go_duration(0ms), "0ms");
  EXPECT_EQ(go_duration(12ms), "12ms");
  EXPECT_EQ(go_duration(100us), "1ms");
  EXPECT_EQ(go_duration(1s), "1s");
  EXPECT_EQ(go_duration(7660ms), "7.66s");
  EXPECT_EQ(go_duration(6min), "6m0s");
  EXPECT_EQ(go_duration(86'400ms), "1m26.4s");
}

}  // namespace
}  // namespace sluice::simulate
