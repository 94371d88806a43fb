// An endpoint whose quotas other processes use as well.
#include "schedule/shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"

namespace sluice::schedule {
namespace {

using namespace std::chrono_literals;
using provider::Quota;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kRequests = static_cast<std::size_t>(Quota::requests_per_minute);
constexpr auto kTokens = static_cast<std::size_t>(Quota::tokens_per_minute);

Share of_requests(double per_second, core::Time until, double permit = 0) {
  Share share{.until = until};
  share.per_second[kRequests] = per_second;
  share.permit[kRequests] = permit;
  return share;
}

int sent(Harness& h) {
  return static_cast<int>(h.words().size());
}

TEST(SharedQuota, WithoutAGrantNothingChanges) {
  const Shares shares;
  EXPECT_FALSE(shares.any());
  EXPECT_EQ(shares.earliest(core::Time(5s), {.input = 1e9, .output = 0}), core::Time(5s));
  EXPECT_GT(shares.slots(), 1'000'000);
}

TEST(SharedQuota, AShareIsKeptToWhateverTheWholeLimitIs) {
  Harness h({.endpoints = {endpoint("a", {{Quota::requests_per_minute, 6000}}, 1000)}});
  h.scheduler.granted(h.now, 0, of_requests(0, h.now + 10s));
  h.submit_many(1, 1000);
  EXPECT_THAT(h.words(), IsEmpty()) << "nothing without a share";
  EXPECT_EQ(h.wake_in(), std::nullopt) << "which only a grant brings";
  h.scheduler.granted(h.now, 0, of_requests(10, h.now + 10s));
  int all = 0;
  for (int i = 0; i < 50; ++i) {
    h.now += 100ms;
    all += sent(h);
  }
  EXPECT_NEAR(all, 50, 3) << "five seconds of ten a second";
}

TEST(SharedQuota, FromTheEndOfTheLeaseNothingIsSent) {
  Harness h({.endpoints = {endpoint("a", {}, 1000)}});
  h.scheduler.granted(h.now, 0, of_requests(10, h.now + 2s));
  h.submit_many(1, 100);
  h.now += 1s;
  EXPECT_GT(sent(h), 0);
  h.now += 1s;
  EXPECT_EQ(sent(h), 0) << "also where the process was stopped meanwhile";
  EXPECT_EQ(h.wake_in(), std::nullopt);
  h.scheduler.granted(h.now, 0, of_requests(10, h.now + 2s));
  h.now += 500ms;
  EXPECT_GT(sent(h), 0);
}

TEST(SharedQuota, AGrowingShareBringsNothingSaved) {
  Harness h({.endpoints = {endpoint("a", {}, 1000)}});
  h.scheduler.granted(h.now, 0, of_requests(1, h.now + 100s));
  h.submit_many(1, 1000);
  h.now += 10s;
  const int first = sent(h);
  EXPECT_LE(first, 2);
  h.scheduler.granted(h.now, 0, of_requests(100, h.now + 100s));
  EXPECT_LE(sent(h), 2);
}

TEST(SharedQuota, SlotsAreAShareToo) {
  Harness h({.endpoints = {endpoint("a", {}, 100)}});
  Share share{.slots = 3, .until = h.now + 100s};
  h.scheduler.granted(h.now, 0, share);
  h.submit_many(1, 10);
  EXPECT_EQ(sent(h), 3);
  share.slots = 5;
  h.scheduler.granted(h.now, 0, share);
  EXPECT_EQ(sent(h), 2);
  share.slots = 1;
  h.scheduler.granted(h.now, 0, share);
  h.answer(1, success());
  EXPECT_EQ(sent(h), 0) << "four are still out";
}

TEST(SharedQuota, ARequestThatTheShareBringsTooLateGoesByAPermit) {
  Harness h({.endpoints = {endpoint("a", {{Quota::tokens_per_minute, 600'000}}, 100)}});
  Share share{.until = h.now + 100s};
  share.per_second[kTokens] = 1;
  h.scheduler.granted(h.now, 0, share);
  h.submit_many(1, 3);
  h.now += 50s;
  EXPECT_EQ(sent(h), 0) << "a request has hundreds of tokens";
  const Demanded demanded = h.scheduler.demanded(0);
  EXPECT_TRUE(demanded.waiting);
  ASSERT_TRUE(demanded.next);
  share.permit[kTokens] = demanded.next->total();
  h.scheduler.granted(h.now, 0, share);
  EXPECT_EQ(sent(h), 1) << "one";
  EXPECT_EQ(h.scheduler.demanded(0).permits_used[kTokens], 1U);
  EXPECT_EQ(sent(h), 0);
}

TEST(SharedQuota, WhatWasUsedIsCountedAsItTurnsOut) {
  Harness h({.endpoints = {endpoint("a", {}, 100)}});
  Share share{.until = h.now + 100s};
  share.per_second[kTokens] = 1e6;
  h.scheduler.granted(h.now, 0, share);
  h.submit_many(1, 2);
  h.now += 1s;
  EXPECT_EQ(sent(h), 2);
  h.answer(1, success(1000, 500));
  h.answer(2, success(2000, 500));
  EXPECT_DOUBLE_EQ(h.scheduler.demanded(0).used[kTokens], 4000);
  EXPECT_EQ(h.scheduler.demanded(0).in_flight, 0);
  EXPECT_FALSE(h.scheduler.demanded(0).waiting);
}

TEST(SharedQuota, SaysHowManyRequestsASecondItLetsGo) {
  Shares shares;
  const Tokens tokens{.input = 80, .output = 20};
  EXPECT_EQ(shares.per_second(core::Time(1s), tokens), std::numeric_limits<double>::infinity());
  Share share = of_requests(10, core::Time(5s));
  share.per_second[kTokens] = 200;
  shares.grant(core::Time(1s), share);
  EXPECT_DOUBLE_EQ(shares.per_second(core::Time(1s), tokens), 2) << "of tokens";
  EXPECT_DOUBLE_EQ(shares.per_second(core::Time(5s), tokens), 0) << "the lease is over";
}

TEST(SharedQuota, WithoutAShareRowsGoToAnotherEndpoint) {
  Harness h(
      {.endpoints = {endpoint("a", {}, 10), endpoint("b", {}, 10)}, .route = Route::in_order});
  h.scheduler.granted(h.now, 0, of_requests(0, h.now + 10s));
  h.submit_many(1, 2);
  EXPECT_THAT(h.words(), ElementsAre("send 1 to 1", "send 2 to 1"));
}

}  // namespace
}  // namespace sluice::schedule
