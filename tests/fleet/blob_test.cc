#include "fleet/blob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace sluice::fleet {
namespace {

PoolState a_state() {
  PoolState state;
  state.pool = "abc";
  state.epoch = 7;
  state.clock = StoreTime(Ms(1'796'000'000'123));
  state.at = Ms(55);
  state.learning_until = Ms(99);
  state.breaker = {.open_until = Ms(12), .prober = "m 1", .prober_until = Ms(13)};
  state.limits.push_back({.name = "input tokens",
                          .kind = Kind::rate,
                          .cap = 33333.25,
                          .known = true,
                          .flow = 0.1,
                          .level = 3});
  state.limits.push_back({.name = "in flight", .kind = Kind::slots, .cap = 64});
  Holder one;
  one.id = "a-1 %";
  one.call = 12;
  one.until = Ms(10'055);
  one.shares.push_back({.wants = std::numeric_limits<double>::infinity(),
                        .grant = 1.0 / 3,
                        .held = 2,
                        .stated = 5.5,
                        .turns = true});
  one.shares.push_back({});
  Holder two;
  two.id = "b";
  state.members = {one, two};
  return state;
}

TEST(PoolBlob, IsReadAsItWasWritten) {
  const std::string text = encode(a_state());
  const auto again = decode(text, "abc");
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(encode(*again), text);
  EXPECT_EQ(again->limits[0].name, "input tokens");
  EXPECT_EQ(again->members[0].id, "a-1 %");
  EXPECT_EQ(again->members[0].shares[0].grant, 1.0 / 3);
  EXPECT_EQ(again->members[0].shares[0].stated, 5.5);
  EXPECT_FALSE(again->members[0].shares[1].stated);
  EXPECT_EQ(again->members[0].shares[0].wants, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(again->members[1].shares.empty());
  EXPECT_EQ(again->clock, a_state().clock);
}

TEST(PoolBlob, OfNothingIsAPoolWithoutAState) {
  const auto none = decode("", "abc");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->epoch, 0U);
  EXPECT_EQ(none->pool, "abc");
}

TEST(PoolBlob, WhatIsDamagedOrOfOthersIsAnErrorThatNamesThePool) {
  const std::string text = encode(a_state());
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    const auto state = decode(std::string_view(text).substr(0, cut), "abc");
    if (state) continue;  // whole lines are a state
    EXPECT_THAT(state.error().message, testing::HasSubstr("abc"));
    EXPECT_EQ(state.error().code, core::ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode(text, "another"));
  EXPECT_FALSE(decode("{}", "abc"));
  EXPECT_FALSE(decode(text + "limit x 0 1\n", "abc"));
  std::string version = text;
  version.replace(12, 1, "2");
  EXPECT_FALSE(decode(version, "abc"));
  std::string infinite = text;
  infinite.replace(infinite.find("33333.25"), 8, "-5");
  EXPECT_FALSE(decode(infinite, "abc"));
}

}  // namespace
}  // namespace sluice::fleet
