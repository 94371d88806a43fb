// sluice probe --fit: a server's numbers from a file of measured points, without a pipeline file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

// Llama 3.1 70B on one H200 (tests/simulate/fixtures/engines.txt), in no order, with columns that nobody asked for.
constexpr const char* kPoints =
    "run,Input_Tokens,output_tokens,concurrency,ttft_ms,tpot_ms\r\n"
    "\"a, b\",1024,8192,4,175.8,20.78\r\n"
    "c,1024,8192,128,\"369000\",30.42\r\n"
    "d,1024,1024,8,634,21.12\r\n"
    "e,1024,1024,64,1345,32.34\r\n"
    "f,8192,1024,8,1439,29.02\r\n"
    "g,8192,1024,32,2676,59\r\n"
    "h,1024,8192,32,300,27.5\r\n"
    "i,1024,1024,32,924.1,25.8\r\n";

class ProbeFit : public testing::Test {
 protected:
  World::Ended fit(std::string_view points, std::vector<std::string> more = {}) const {
    world_.write("points.csv", points);
    more.insert(more.begin(), {"probe", "--fit", "points.csv"});
    return world_.sluice(more);
  }
  std::string refused(std::string_view points) const {
    const auto ended = fit(points);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.output, "");
    return ended.errors;
  }
  World world_;
};

TEST_F(ProbeFit, SaysTheNumbersAndWhatTheyPredict) {
  world_.write("wanted.csv",
               "concurrency,output_tokens,input_tokens\n64,8192,1024\n16,1024,1024\n");
  const auto ended = fit(kPoints, {"--predict", "wanted.csv", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(ended.output);
  EXPECT_NEAR(double(root["engine"]["a"]), 19, 3);
  EXPECT_TRUE(bool(root["wall_seen"]));
  EXPECT_EQ(std::uint64_t(root["points"]), 8u);
  const simdjson::dom::element queued = root["predictions"].at(0);
  EXPECT_EQ(double(queued["concurrency"]), 64);
  EXPECT_TRUE(bool(queued["queued"]));
  EXPECT_NEAR(double(queued["output_tokens_per_second"]), 1592, 160) << "as measured";
  EXPECT_NEAR(double(queued["tpot_ms"]), 30.5, 3);
  EXPECT_NEAR(double(queued["ttft_ms"]), 79'500, 40'000);
  const simdjson::dom::element free = root["predictions"].at(1);
  EXPECT_FALSE(bool(free["queued"]));
  EXPECT_GT(double(free["output_tokens_per_second"]), 500);
  // The concurrency that is advised stays before the wall.
  for (const auto shape : root["shapes"])
    EXPECT_LE(double(shape["best_concurrency"]), double(shape["wall"]));
}

TEST_F(ProbeFit, IsATableForPeople) {
  world_.write("wanted.csv",
               "input_tokens,output_tokens,concurrency\n1024,8192,64\n1024,1024,16\n");
  const auto ended = fit(kPoints, {"--predict", "wanted.csv"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output,
              testing::StartsWith("points.csv: 8 points, 3 shapes of requests\n  a="));
  EXPECT_THAT(ended.output, testing::ContainsRegex("\n      1,024      8,192 .* wall at [0-9]+\n"));
  EXPECT_THAT(ended.output, testing::ContainsRegex(
                                "\npredicted\n.*\n      1,024      8,192           64 .*queued\n"));
  std::istringstream lines(ended.output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST_F(ProbeFit, SaysWhereAFileIsWrong) {
  const std::string head = "input_tokens,output_tokens,concurrency,ttft_ms,tpot_ms\n";
  EXPECT_EQ(refused(head + "100,100,1,50,10\n100,100,2,50,fast\n"),
            "sluice: points.csv:3: column 'tpot_ms': 'fast' is not a number above 0\n");
  EXPECT_THAT(refused(head + "100,0,1,50,10\n"),
              HasSubstr("points.csv:2: column 'output_tokens': '0' is not a number of at least 1"));
  EXPECT_THAT(refused("input_tokens,output_tokens,concurrency,ttft\n1,1,1,1\n"),
              HasSubstr("points.csv:2: there is no column 'ttft_ms'"));
  EXPECT_THAT(refused(head + "100,100\n"), HasSubstr("points.csv:2: this row has 2 cells"));
  EXPECT_THAT(refused(head), HasSubstr("points.csv: holds no points"));
  EXPECT_THAT(refused(head + "100,100,1,50,10\n"), HasSubstr("points.csv: 1 point is too few"));
  EXPECT_THAT(refused(head + "100,100,8,50,10\n200,100,8,50,10\n100,200,8,50,10\n"),
              HasSubstr("points.csv: all points have concurrency 8"));
}

TEST_F(ProbeFit, NeedsNoPipelineFileAndTakesNone) {
  EXPECT_THAT(world_.sluice({"probe"}).errors, HasSubstr("FILE is required"));
  EXPECT_EQ(world_.sluice({"probe"}).status, 2);
  EXPECT_THAT(fit(kPoints, {"job.lua"}).errors, HasSubstr("--fit takes no FILE"));
  EXPECT_EQ(world_.sluice({"probe", "--fit", "none.csv"}).status, 5);
}

}  // namespace
}  // namespace sluice::cli
