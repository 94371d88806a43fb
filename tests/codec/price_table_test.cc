#include "codec/price_table.h"

#include <gtest/gtest.h>

#include "codec/price_rows.h"

namespace sluice::codec {
namespace {

TEST(PriceTable, SaysWhatAMillionTokensCostWithAllDigits) {
  EXPECT_EQ(per_million(core::Money::picodollars(3'625)), "0.003625");
  EXPECT_EQ(per_million(core::Money::picodollars(750'000)), "0.75");
  EXPECT_EQ(per_million(core::Money::picodollars(30'000'000)), "30");
  EXPECT_EQ(per_million(core::Money()), "0");
}

TEST(PriceTable, AsAFileOfPricesSaysTheSameAsTheList) {
  for (const price_rows::List& list : price_rows::kLists) {
    std::vector<PriceLine> lines = list_prices();
    std::erase_if(lines, [&](const PriceLine& line) { return line.provider != list.provider; });
    const auto file = PriceFile::parse(as_price_file(lines), "prices.csv");
    ASSERT_TRUE(file.has_value()) << file.error().text();
    ASSERT_EQ(file->rows().size(), list.models.size());
    for (std::size_t i = 0; i < list.models.size(); ++i) {
      core::Price price = file->rows()[i].price;
      price.writes = list.models[i].facts.price.writes;  // a file's worst case counts what it names
      EXPECT_TRUE(price == list.models[i].facts.price) << list.models[i].name;
      EXPECT_EQ(file->rows()[i].source, list.models[i].source);
    }
  }
}

TEST(PriceTable, FindsAModelAsAnEndpointDoesElseByAPartOfItsName) {
  const std::vector<PriceLine> all = list_prices();
  const auto models = [&](std::string_view name) {
    std::vector<std::string> found;
    for (const PriceLine& line : of_model(all, name))
      if (line.tier == core::Tier::standard) found.push_back(line.provider + "/" + line.model);
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(models("GPT-5-mini-2025-08-07"), (Names{"openai/gpt-5-mini", "azure/gpt-5-mini"}));
  EXPECT_EQ(models("haiku"),
            (Names{"anthropic/claude-haiku-4-5", "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0",
                   "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"}));
  EXPECT_EQ(models("o4-mini"), Names{});
  EXPECT_EQ(models(""), Names{});
}

}  // namespace
}  // namespace sluice::codec
