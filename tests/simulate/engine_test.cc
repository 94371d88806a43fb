#include "simulate/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::simulate {
namespace {

using testing::HasSubstr;

const Engine kEngine{.a = 10, .b = 0.1, .t = 100, .kv_tokens = 64'000};
constexpr EngineShape kShape{.input_tokens = 1000, .output_tokens = 1000};

TEST(Engine, AloneAnAnswerTakesItsBeginningAndItsSteps) {
  const EngineLoad load = predict(kEngine, kShape, 1);
  EXPECT_DOUBLE_EQ(load.tpot_ms, 10.1);
  EXPECT_DOUBLE_EQ(load.ttft_ms, 100);
  EXPECT_DOUBLE_EQ(load.request_ms, 100 + 999 * 10.1);
  EXPECT_DOUBLE_EQ(load.output_tokens_per_second, 1000 * 1000 / load.request_ms);
  EXPECT_FALSE(load.queued);
}

TEST(Engine, EachTermCountsWhatItSays) {
  const auto tpot = [](const Engine& engine) { return engine_tpot_ms(engine, {2000, 100}, 16); };
  EXPECT_DOUBLE_EQ(tpot({.a = 1}), 1);
  EXPECT_DOUBLE_EQ(tpot({.b = 1}), 16);
  EXPECT_DOUBLE_EQ(tpot({.d = 1}), 16 * 2050);
  EXPECT_DOUBLE_EQ(tpot({.e = 1}), 16 * 20);
  EXPECT_DOUBLE_EQ(tpot({.s = 1}), 4);
}

TEST(Engine, BehindTheWallRequestsQueueAndNothingIsGained) {
  EXPECT_EQ(engine_wall(kEngine, kShape), 32);
  const EngineLoad at = predict(kEngine, kShape, 32);
  const EngineLoad behind = predict(kEngine, kShape, 64);
  EXPECT_FALSE(at.queued);
  EXPECT_TRUE(behind.queued);
  EXPECT_DOUBLE_EQ(behind.tpot_ms, at.tpot_ms);
  EXPECT_NEAR(behind.output_tokens_per_second, at.output_tokens_per_second, 1e-9);
  EXPECT_NEAR(behind.ttft_ms, at.ttft_ms + at.request_ms, 1e-6)
      << "each waits for one that is served";
}

TEST(Engine, APrefixThatIsCachedIsHeldAndNotComputed) {
  const Engine engine{.a = 1, .d = 1e-3, .e = 1, .p = 1, .kv_tokens = 1e6};
  const EngineShape whole{.input_tokens = 1000, .output_tokens = 100};
  const EngineShape cached{.input_tokens = 100, .output_tokens = 100, .cached_tokens = 900};
  EXPECT_DOUBLE_EQ(engine_ttft_ms(engine, cached, 1), 100);
  EXPECT_DOUBLE_EQ(engine_tpot_ms(engine, whole, 1) - engine_tpot_ms(engine, cached, 1), 9);
  EXPECT_EQ(engine_wall(engine, cached), 1e6 / 200) << "the prefix is there once, for all";
}

TEST(Engine, TheBestConcurrencyIsNeverBehindTheWall) {
  EXPECT_LE(best_concurrency(kEngine, kShape), 32);
  EXPECT_GE(best_concurrency(kEngine, kShape), 25);
  Engine tiny = kEngine;
  tiny.kv_tokens = 1500;
  EXPECT_EQ(best_concurrency(tiny, kShape), 1) << "a request alone always runs";
}

TEST(Engine, TheBestConcurrencyIsTheLeastThatBringsNearlyAllThereIs) {
  const Engine saturates{.a = 1, .b = 1};
  const double best = best_concurrency(saturates, kShape);
  const auto speed = [&](double c) {
    return predict(saturates, kShape, c).output_tokens_per_second;
  };
  EXPECT_GE(speed(best), kEnough * speed(4096));
  EXPECT_LT(best, 24);
}

TEST(Engine, TheBestConcurrencyKeepsRequestsBelowATime) {
  const double best = best_concurrency(kEngine, kShape, {.most = 4096, .longest_ms = 11'500});
  EXPECT_LE(predict(kEngine, kShape, best).request_ms, 11'500);
  EXPECT_LT(best, 20);
}

TEST(Engine, ReadsItsNumbersAsText) {
  const EngineText read = parse_engine("a=6.4,b=0.06,d=6.1e-6,e=0.024,kv=480000,slots=64");
  ASSERT_TRUE(read.engine) << read.error;
  EXPECT_EQ(read.engine->b, 0.06);
  EXPECT_EQ(read.engine->kv_tokens, 480'000);
  EXPECT_EQ(read.engine->most_running, 64);
  EXPECT_DOUBLE_EQ(read.engine->p, 0.024) << "follows from e";
  const std::string text = engine_text(*read.engine);
  EXPECT_EQ(engine_text(*parse_engine(text).engine), text);
}

TEST(Engine, SaysWhatIsWrongWithItsText) {
  const auto error = [](const std::string& text) { return parse_engine(text).error; };
  EXPECT_THAT(error(""), HasSubstr("is not NAME=NUMBER"));
  EXPECT_THAT(error("a"), HasSubstr("'a' is not NAME=NUMBER"));
  EXPECT_THAT(error("a=x"), HasSubstr("'x' of a is not a number"));
  EXPECT_THAT(error("a=-1"), HasSubstr("'-1' of a is not a number"));
  EXPECT_THAT(error("a=1,c=2"), HasSubstr("'c' is not one of a, b, d"));
  EXPECT_THAT(error("a=1,a=2"), HasSubstr("'a' is given twice"));
  EXPECT_THAT(error("a=1,kv=0"), HasSubstr("kv must be 1 or more"));
  EXPECT_THAT(error("d=1"), HasSubstr("a is missing"));
}

}  // namespace
}  // namespace sluice::simulate
