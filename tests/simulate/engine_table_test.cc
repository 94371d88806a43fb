#include "simulate/engine_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "simulate/engine_price.h"

namespace sluice::simulate {
namespace {

using testing::HasSubstr;

TEST(EngineTable, EveryRowIsReadAndAnswersByItsName) {
  std::set<std::string_view> names;
  for (const KnownEngine& known : known_engines()) {
    EXPECT_TRUE(names.insert(known.name).second) << known.name;
    const EngineText read = find_engine(std::string(known.name));
    ASSERT_TRUE(read.engine) << known.name << ": " << read.error;
    const EngineLoad load =
        predict(*read.engine, {.input_tokens = 1024, .output_tokens = 1024}, 32);
    EXPECT_GT(load.output_tokens_per_second, 500) << known.name;
    EXPECT_LT(load.ttft_ms, 2000) << known.name;
  }
}

TEST(EngineTable, PredictsWhatWasMeasured) {
  const auto speed = [](const char* name, double input, double output, double concurrency) {
    return predict(*find_engine(name).engine, {input, output}, concurrency)
        .output_tokens_per_second;
  };
  EXPECT_NEAR(speed("h200-llama70b", 1024, 8192, 64), 1592, 160);
  EXPECT_NEAR(speed("h100x2-gptoss120b", 1024, 1024, 64), 4272, 430);
  EXPECT_NEAR(speed("b200-gptoss120b", 1024, 1024, 64), 6047, 600);
  EXPECT_NEAR(speed("b300x4-minimax", 8192, 1024, 256), 4547, 450);
}

TEST(EngineTable, SaysWhichNamesThereAre) {
  EXPECT_THAT(find_engine("h100").error,
              HasSubstr("'h100' is not a known engine: there are h100-llama8b, "));
  EXPECT_THAT(find_engine("a=x").error, HasSubstr("'x' of a is not a number"));
  EXPECT_EQ(find_engine("a=6").engine->a, 6);
}

// One GPU that writes 3,600 tokens a second: 12.96 million in an hour.
TEST(EnginePrice, AMillionTokensCostByTheHourAndByHowMuchOfItIsUsed) {
  const auto cost = [](double hour, double used) {
    return *dollars_per_million({hour, used}, 3600);
  };
  EXPECT_NEAR(cost(6.88, 0.9), 0.59, 0.005);
  EXPECT_NEAR(cost(6.88, 0.2), 2.65, 0.005);
  EXPECT_NEAR(cost(1, 0.9), 0.086, 0.0005) << "reserved";
  EXPECT_NEAR(cost(1, 0.2), 0.386, 0.0005);
  EXPECT_FALSE(dollars_per_million({6.88, 0}, 3600));
}

TEST(EnginePrice, BreaksEvenAgainstAnApiAndItsBatchesAtAUtilisation) {
  // 1,000 tokens in, 250 out; 14.4 requests a second are 3,600 output tokens.
  const double api =
      dollars_per_request({.input_per_million = 0.10, .output_per_million = 0.40}, 1000, 250);
  EXPECT_NEAR(api, 0.0002, 1e-12);
  EXPECT_NEAR(*break_even_utilisation(6.88, 14.4, api), 0.66, 0.005);
  EXPECT_NEAR(*break_even_utilisation(1, 14.4, api), 0.096, 0.0005) << "reserved";
  const double batch = dollars_per_request(
      {.input_per_million = 0.10, .output_per_million = 0.40, .batch_share = 0.5}, 1000, 250);
  EXPECT_GT(*break_even_utilisation(6.88, 14.4, batch), 1) << "never cheaper than batches";
  EXPECT_LT(*break_even_utilisation(1, 14.4, batch), 0.2);
  EXPECT_FALSE(break_even_utilisation(1, 14.4, 0));
}

}  // namespace
}  // namespace sluice::simulate
