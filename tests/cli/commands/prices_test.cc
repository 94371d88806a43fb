// sluice prices: what is known of prices, for people and programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PricesCommand, ShowsAModelsTiersWithTheirDayAndSource) {
  const World world;
  const auto shown = world.sluice({"prices", "gpt-5.4-2026-03-01"});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  EXPECT_EQ(shown.output,
            R"(dollars per million tokens
                           tier             input   cached   write    1 h output
openai, 2026-08-01 [litellm-prices]
  gpt-5.4                  standard           2.5     0.25                    15
                             above 272k         5      0.5                  22.5
                           flex              1.25    0.125                   7.5
                             above 272k       2.5     0.25                 11.25
                           priority             5      0.5                    30
                             above 272k        10        1                    45
                           batch             1.25    0.125                   7.5
                             above 272k       2.5     0.25                 11.25
azure, 2026-08-01 [litellm-prices]
  gpt-5.4                  standard           2.5     0.25                    15
                             above 272k         5      0.5                  22.5
                           batch             1.25    0.125                   7.5
                             above 272k       2.5     0.25                 11.25
)");
}

TEST(PricesCommand, FitsEightyColumns) {
  const World world;
  const auto shown = world.sluice({"prices"});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  std::istringstream lines(shown.output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(shown.output, HasSubstr("\nanthropic, 2026-09-01 [ant-skill]\n"));
  EXPECT_THAT(shown.output, Not(HasSubstr("flex")));
}

TEST(PricesCommand, IsJsonForPrograms) {
  const World world;
  const auto shown = world.sluice({"prices", "gpt-5.6-luna", "--json"});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  EXPECT_THAT(
      shown.output,
      testing::StartsWith(
          R"({"unit":"USD per million tokens","prices":[{"provider":"openai",)"
          R"("model":"gpt-5.6-luna","tier":"standard","input":0.2,"cached_input":0.02,)"
          R"("cache_write":0.25,"cache_write_1h":0.25,"output":1.2,"above":{"tokens":272000,)"
          R"("input":0.4,"cached_input":0.04,)"));
}

TEST(PricesCommand, AFileOfPricesWinsAndCanBeMadeFromTheList) {
  const World world;
  const auto made = world.sluice({"prices", "claude-haiku-4-5", "--csv"});
  EXPECT_EQ(made.status, 0) << made.errors;
  world.write("prices.csv", made.output + ",mine,,1,,,,2,,,,,\"by hand, ours\",2026-11-01\n");
  const auto shown = world.sluice({"prices", "mine", "claude-haiku-4-5", "--prices", "prices.csv"});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  EXPECT_EQ(shown.output, R"(dollars per million tokens
                           tier             input   cached   write    1 h output
any provider, 2026-11-01 [by hand, ours]
  mine                     standard             1        1                     2
anthropic, 2026-08-01 [litellm-prices]
  claude-haiku-4-5         standard             1      0.1    1.25      2      5
                           priority             1      0.1    1.25      2      5
                           batch              0.5     0.05   0.625      1    2.5
)");
  world.write("prices.csv", "model,input,output\nm,x,1\n");
  const auto wrong = world.sluice({"prices", "--prices", "prices.csv"});
  EXPECT_EQ(wrong.status, 3);
  EXPECT_THAT(wrong.errors, HasSubstr("prices.csv:2: column 'input': 'x' is not a price"));
}

TEST(PricesCommand, SaysWhatToDoWhereNoPriceIsKnown) {
  const World world;
  const auto shown = world.sluice({"prices", "o4-mini"});
  EXPECT_EQ(shown.status, 1);
  EXPECT_THAT(shown.errors, HasSubstr("the price of 'o4-mini' is not known; name it in the "
                                      "pipeline file, price = { input = …, output = … }"));
}

}  // namespace
}  // namespace sluice::cli
