#include "codec/price_file.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/prices.h"
#include "codec/registry.h"

namespace sluice::codec {
namespace {

provider::EndpointSpec asked(const char* constructor, const char* model, const char* tier = "") {
  provider::EndpointSpec spec;
  spec.provider = find_provider(constructor);
  spec.model = model;
  spec.service_tier = tier;
  return spec;
}

PriceFile parsed(const std::string& text) {
  auto file = PriceFile::parse(text, "prices.csv");
  EXPECT_TRUE(file.has_value()) << file.error().text();
  return file.value_or(PriceFile());
}

std::string error_of(const std::string& text) {
  const auto file = PriceFile::parse(text, "prices.csv");
  EXPECT_FALSE(file.has_value()) << text;
  return file ? "" : file.error().text();
}

core::Money pico(std::int64_t picodollars) {
  return core::Money::picodollars(picodollars);
}

TEST(PriceFile, NamesTheColumnsInAnyOrderAndLeavesOutWhatFollows) {
  const PriceFile file = parsed("output,model,input\n2,My-Model,0.25\n");
  const auto price = file.price_of(asked("vllm", "my-model"));
  ASSERT_TRUE(price.has_value());
  EXPECT_EQ(*price, (core::Price{pico(250'000), pico(250'000), pico(2'000'000)}));
}

TEST(PriceFile, ReadsEveryColumn) {
  const PriceFile file = parsed(
      "\xEF\xBB\xBFprovider,model,tier,input,cached_input,cache_write,cache_write_1h,output,"
      "above_tokens,above_input,above_cached_input,above_output,source,as_of\r\n"
      "# ours\r\n"
      "openai,\"m\",,1,0.1,1.25,2,5,1000,2,0.2,7.5,\"our contract, page 3\",2026-11-01\r\n"
      "openai,m,flex,0.5,0.05,,,2.5,1000,1,0.1,3.75,,\r\n");
  ASSERT_EQ(file.rows().size(), 1U);
  EXPECT_EQ(file.rows()[0].source, "our contract, page 3");
  EXPECT_EQ(file.rows()[0].as_of, "2026-11-01");
  const auto price = file.price_of(asked("openai", "m"));
  ASSERT_TRUE(price.has_value());
  EXPECT_EQ(price->rates(core::Tier::asked, 1000),
            (core::Rates{pico(1'000'000), pico(100'000), pico(5'000'000), pico(1'250'000),
                         pico(2'000'000)}));
  EXPECT_EQ(price->rates(core::Tier::asked, 1001),
            (core::Rates{pico(2'000'000), pico(200'000), pico(7'500'000), pico(2'500'000),
                         pico(4'000'000)}));
  EXPECT_EQ(price->rates(core::Tier::flex, 1).output, pico(2'500'000));
  EXPECT_EQ(price->writes, core::CacheWrites::hour);
  const auto flex = file.price_of(asked("openai", "m", "flex"));
  EXPECT_EQ(flex->output, pico(2'500'000));
  EXPECT_EQ(flex->rates(core::Tier::standard, 1).output, pico(5'000'000));
  EXPECT_EQ(file.price_of(asked("openai", "m", "priority"))->output, pico(5'000'000))
      << "a tier without a line costs as the standard one";
}

TEST(PriceFile, FindsAModelAsTheListDoesAndPrefersTheProvidersOwnRow) {
  const PriceFile file = parsed(
      "provider,model,input,output\n,gpt-oss-120b,1,1\ngroq,openai/gpt-oss-120b,2,2\n"
      ",anthropic.claude-haiku-4-5,1,5\n");
  EXPECT_EQ(file.price_of(asked("groq", "openai/GPT-OSS-120b"))->input, pico(2'000'000));
  EXPECT_EQ(file.price_of(asked("together", "openai/gpt-oss-120b"))->input, pico(1'000'000));
  EXPECT_EQ(file.price_of(asked("openai", "us.anthropic.claude-haiku-4-5-20251001-v1:0"))->input,
            pico(1'100'000));
  EXPECT_EQ(file.price_of(asked("openai", "gpt-5-mini")), std::nullopt);
}

TEST(PriceFile, SaysLineAndColumnOfWhatIsWrong) {
  EXPECT_EQ(error_of(""),
            "prices.csv:1: no columns; the first line names them, as model,input,output");
  EXPECT_EQ(error_of("model,input\n"),
            "prices.csv:1: column 'output': missing in the first line, which names the columns");
  EXPECT_EQ(error_of("model,input,price\n").substr(0, 45),
            "prices.csv:1: unknown column 'price'; the col");
  EXPECT_EQ(error_of("model,input,output,input\n"),
            "prices.csv:1: column 'input': stands twice in the first line");
  const std::string head = "model,tier,input,output,above_tokens,above_input,above_output\n";
  EXPECT_EQ(error_of(head + "m,,1,2,,,\nn,,1\n"), "prices.csv:3: 3 cells, where the columns are 7");
  EXPECT_EQ(error_of(head + "m,,abc,2,,,\n"),
            "prices.csv:2: column 'input': 'abc' is not a price: dollars per million tokens, as "
            "0.75");
  EXPECT_EQ(error_of(head + "m,,1,,,,\n"),
            "prices.csv:2: column 'output': empty; write 0 where it costs nothing");
  EXPECT_EQ(error_of(head + ",,1,2,,,\n"), "prices.csv:2: column 'model': no model");
  EXPECT_EQ(
      error_of(head + "m,cheap,1,2,,,\n"),
      "prices.csv:2: column 'tier': 'cheap' is not a tier: standard, flex, priority, batch, fast");
  EXPECT_EQ(error_of(head + "m,,1,2,,,\nM,default,1,2,,,\n"),
            "prices.csv:3: 'm' stands here a second time; remove one of the lines");
  EXPECT_EQ(error_of(head + "m,flex,1,2,,,\n"),
            "prices.csv:2: no line for the standard tier of 'm'; its tier is empty or standard");
  EXPECT_EQ(error_of(head + "m,,1,2,,3,\n"),
            "prices.csv:2: column 'above_tokens': '' is not a whole number of tokens above which "
            "the prices of the columns above_… hold");
  EXPECT_EQ(error_of(head + "m,,1,2,100,3,\n"),
            "prices.csv:2: column 'above_output': empty, where above_tokens is not");
  EXPECT_EQ(error_of(head + "m,,1,2,100,3,4\nm,flex,1,2,,,\n"),
            "prices.csv:3: column 'above_tokens': all tiers of a model have the same, and line 2 "
            "says 100");
  EXPECT_EQ(error_of("provider,model,input,output\nopenia,m,1,2\n").substr(0, 71),
            "prices.csv:2: column 'provider': 'openia' is not a service; empty for a");
  EXPECT_EQ(error_of(head + "\"m,,1,2,,,\n"), "prices.csv:2: a quotation mark is not closed");
}

TEST(PerToken, ReadsDollarsPerMillionTokensExactly) {
  EXPECT_EQ(per_token("0.003625"), pico(3'625));
  EXPECT_EQ(per_token("$1,000"), pico(1'000'000'000));
  for (const char* text : {"", "-1", "1e3", "x", "1000001", "0.75 "})
    EXPECT_EQ(per_token(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sluice::codec
