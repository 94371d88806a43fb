#include "fleet/blob.h"

#include <gtest/gtest.h>

namespace sluice::fleet {
namespace {

PoolState a_pool() {
  PoolState state{.pool = "openai gpt 5 %", .epoch = 7};
  Call call{.member = "host-1:42", .number = 1};
  call.claims.push_back({.name = "requests", .wants = 3.5, .need = 1, .stated = 100});
  exchange(state, call, StoreTime(Ms(1'700'000'000'000)));
  return state;
}

TEST(Blob, APoolReadsBackAsTheSameText) {
  const std::string text = encode(a_pool());
  const auto state = decode_pool("openai gpt 5 %", text);
  ASSERT_TRUE(state) << state.error().text();
  EXPECT_EQ(encode(*state), text);
  EXPECT_EQ(state->members.at(0).id, "host-1:42");
  EXPECT_EQ(state->members.at(0).shares.at(0).stated, 100);
}

TEST(Blob, ABudgetReadsBackAsTheSameText) {
  BudgetState state{.budget = "job", .epoch = 7, .total = 1000};
  exchange(state, BudgetCall{.member = "m", .number = 1, .total = 1000}, StoreTime(Ms(5)));
  const std::string text = encode(state);
  const auto again = decode_budget("job", text);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(encode(*again), text);
}

TEST(Blob, WhatIsNotOneIsAnErrorThatNamesThePoolAndSaysWhatToDo) {
  const std::string good = encode(a_pool());
  std::string damaged = good;
  damaged[20] ^= 1;
  const std::pair<std::string, std::string> cases[] = {
      {"", "is not sluice's"},
      {"hello\n", "is not sluice's"},
      {good.substr(0, good.size() / 2), "is cut off"},
      {damaged, "is damaged"},
  };
  for (const auto& [text, why] : cases) {
    const auto state = decode_pool("openai gpt 5 %", text);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().text(),
              "the shared state of the pool \"openai gpt 5 %\" in the store " + why +
                  "; delete it there, and it is made again from what the processes hold");
  }
  EXPECT_NE(decode_pool("another", good).error().text().find("is another's"), std::string::npos);
}

TEST(Blob, EveryByteThatIsChangedIsNoticed) {
  const std::string good = encode(a_pool());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 0x15;
    EXPECT_FALSE(decode_pool("openai gpt 5 %", bad)) << i;
  }
}

}  // namespace
}  // namespace sluice::fleet
