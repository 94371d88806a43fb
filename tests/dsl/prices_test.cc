// What a pipeline file says about prices.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch.h"

namespace sluice::dsl {
namespace {

using testing::HasSubstr;

std::string job_with(std::string_view endpoint, std::string_view dispatch = "") {
  return fmt::format(R"(local s = require "sluice"
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl" }},
  s.pack {{ user = "{{{{text}}}}" }},
  s.dispatch {{ s.openai {{ key = "k", {} }}, {} }},
  s.sink {{ "out.jsonl" }},
}}
)",
                     endpoint, dispatch);
}

const provider::EndpointSpec& only(const stages::PipelineSpec& spec) {
  return spec.dispatch.endpoints.at(0);
}

core::Money pico(std::int64_t n) {
  return core::Money::picodollars(n);
}

TEST(Prices, APriceMayNameCacheWritesAndAStep) {
  const Scratch scratch;
  const auto spec = scratch.load_text(job_with(
      "model = 'm', price = { input = 1, output = 5, cached_input = 0.1, cache_write = 1.25, "
      "cache_write_1h = 2, above = { tokens = 1000, input = 2, output = 7.5, cached_input = 0.2 } "
      "}"));
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  const core::Price price = only(*spec).price.value_or(core::Price{});
  EXPECT_EQ(price.rates(core::Tier::flex, 1000),
            (core::Rates{pico(1'000'000), pico(100'000), pico(5'000'000), pico(1'250'000),
                         pico(2'000'000)}));
  EXPECT_EQ(price.rates(core::Tier::flex, 1001),
            (core::Rates{pico(2'000'000), pico(200'000), pico(7'500'000), pico(2'500'000),
                         pico(4'000'000)}));
  EXPECT_EQ(price.writes, core::CacheWrites::hour);
}

TEST(Prices, ZeroIsThePriceOfAFreeServer) {
  const Scratch scratch;
  const auto spec =
      scratch.load_text(job_with("model = 'no-such-model', price = 0", "budget = \"$1\""));
  ASSERT_TRUE(spec.has_value()) << spec.error().text();
  EXPECT_EQ(only(*spec).price, core::Price{});
}

TEST(Prices, AnyOtherNumberIsNot) {
  const Scratch scratch;
  const auto spec = scratch.load_text(job_with("model = 'm', price = 0.75"));
  ASSERT_FALSE(spec.has_value());
  EXPECT_THAT(spec.error().text(), HasSubstr("price must be a table, or 0, got 0.75"));
}

TEST(Prices, AFileOfPricesStandsBesideThePipelineFileAndItsRowsWin) {
  const Scratch scratch;
  scratch.write("prices.csv", "model,input,output\ngpt-5-mini,7,8\n");
  const auto listed = scratch.load_text(
      job_with("model = 'gpt-5-mini-2025-08-07'", "prices = 'prices.csv', budget = 5"));
  ASSERT_TRUE(listed.has_value()) << listed.error().text();
  EXPECT_EQ(only(*listed).price, (core::Price{pico(7'000'000), pico(7'000'000), pico(8'000'000)}));
  const auto own = scratch.load_text(
      job_with("model = 'gpt-5-mini', price = { input = 1, output = 2 }", "prices = 'prices.csv'"));
  ASSERT_TRUE(own.has_value()) << own.error().text();
  EXPECT_EQ(only(*own).price->input, pico(1'000'000));
  const auto other = scratch.load_text(job_with("model = 'gpt-5'", "prices = 'prices.csv'"));
  ASSERT_TRUE(other.has_value()) << other.error().text();
  EXPECT_EQ(only(*other).price, std::nullopt) << "the list's";
}

TEST(Prices, TheEnvironmentsFileHoldsWhereThePipelineNamesNone) {
  const Scratch scratch;
  scratch.write("ours.csv", "model,input,output\ngpt-5-mini,7,8\n");
  scratch.write("other.csv", "model,input,output\ngpt-5-mini,1,1\n");
  LoadOptions options;
  options.prices = "ours.csv";
  scratch.write("pipeline.lua", job_with("model = 'gpt-5-mini'"));
  auto job = load("pipeline.lua", options);
  ASSERT_TRUE(job.has_value()) << job.error().text();
  EXPECT_EQ(only(job->questions[0]).price->input, pico(7'000'000));
  EXPECT_EQ(job->questions[0].dispatch.prices, "ours.csv");
  scratch.write("pipeline.lua", job_with("model = 'gpt-5-mini'", "prices = 'other.csv'"));
  job = load("pipeline.lua", options);
  ASSERT_TRUE(job.has_value()) << job.error().text();
  EXPECT_EQ(only(job->questions[0]).price->input, pico(1'000'000));
  options.prices = "none.csv";
  scratch.write("pipeline.lua", job_with("model = 'gpt-5-mini'"));
  job = load("pipeline.lua", options);
  ASSERT_FALSE(job.has_value());
  EXPECT_THAT(job.error().text(), HasSubstr("SLUICE_PRICES: cannot read 'none.csv'"));
}

TEST(Prices, AMistakeInTheFileIsShownWithLineAndColumn) {
  const Scratch scratch;
  scratch.write("prices.csv", "model,input,output\ngpt-5-mini,cheap,8\n");
  const auto spec = scratch.load_text(job_with("model = 'gpt-5-mini'", "prices = 'prices.csv'"));
  ASSERT_FALSE(spec.has_value());
  EXPECT_THAT(spec.error().text(),
              HasSubstr("pipeline.lua:6:71: error: prices.csv:2: column 'input': 'cheap' is not a "
                        "price: dollars per million tokens, as 0.75\n"));
}

TEST(Prices, ABudgetNamesTheTierWhosePriceIsNotKnown) {
  const Scratch scratch;
  const auto spec =
      scratch.load_text(job_with("model = 'gpt-5-mini', service_tier = 'ultrafast'", "budget = 5"));
  ASSERT_FALSE(spec.has_value());
  EXPECT_THAT(
      spec.error().text(),
      HasSubstr("the price of 'gpt-5-mini' with service_tier \"ultrafast\" is not known, so "
                "the budget cannot be held"));
}

}  // namespace
}  // namespace sluice::dsl
