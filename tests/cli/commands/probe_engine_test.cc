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

TEST_F(ProbeFit, SaysWhatTokensCostAndFromWhichUtilisationItPays) {
  const auto ended = fit(kPoints, {"--per-hour", "6.88", "--utilisation", "0.2", "--against",
                                   "gpt-5.4-mini", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  simdjson::dom::parser parser;
  const simdjson::dom::element shape = parser.parse(ended.output)["shapes"].at(0);
  const double speed = shape["output_tokens_per_second"];
  EXPECT_NEAR(double(shape["usd_per_million_output_tokens"]), 6.88 * 1e6 / (speed * 3600 * 0.2),
              1e-6);
  EXPECT_NEAR(double(shape["usd_per_million_tokens"]),
              double(shape["usd_per_million_output_tokens"]) / 2, 1e-6);
  EXPECT_NEAR(double(shape["break_even_utilisation_batch"]),
              2 * double(shape["break_even_utilisation"]), 1e-6);
  const auto text = fit(kPoints, {"--per-hour", "$6.88", "--against", "gpt-5.4-mini"});
  EXPECT_THAT(text.output, HasSubstr("\ncosts at $6.88 an hour, working 100 % of the time\n"));
  EXPECT_THAT(fit(kPoints, {"--per-hour", "x"}).errors,
              HasSubstr("--per-hour: 'x' is not a number of dollars"));
  EXPECT_THAT(fit(kPoints, {"--per-hour", "1", "--against", "no-such"}).errors,
              HasSubstr("the price of 'no-such' is not known"));
  EXPECT_EQ(fit(kPoints, {"--against", "gpt-5.4-mini"}).status, 2);
}

TEST_F(ProbeFit, AKnownEngineNeedsNoPoints) {
  world_.write("wanted.csv", "input_tokens,output_tokens,concurrency\n1024,8192,64\n");
  const auto ended =
      world_.sluice({"probe", "--engine", "h200-llama70b", "--predict", "wanted.csv", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(ended.output);
  EXPECT_NEAR(double(root["predictions"].at(0)["output_tokens_per_second"]), 1592, 160);
  EXPECT_NEAR(double(root["shapes"].at(0)["wall"]), 50, 1);
  EXPECT_EQ(world_.sluice({"probe", "--engine", "a=5"}).output,
            "a=5: by its numbers, which nothing here has measured\n  a=5,t=10,p=0,q=0\n");
  EXPECT_EQ(world_.sluice({"probe", "--engine", "none"}).status, 2);
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

// --- sluice probe FILE --sweep, at a mock that is as fast as an engine

class ProbeSweep : public testing::Test {
 protected:
  ProbeSweep() {
    world_.write("rows.csv", "id,text\n1,hello there\n");
    // A wall of 1,600 tokens: 16 requests of 64 tokens in and 32 out.
    world_.start_mock({"--engine", "a=4,b=0.1,d=1e-5,e=0.02,t=10,p=0.02,q=0.001,kv=1600"});
    make_job("s.vllm { model = \"m\", max_output_tokens = 32, base_url = s.param \"base_url\" }");
  }
  void make_job(const std::string& endpoints) const {
    world_.write("job.lua",
                 "local s = require \"sluice\"\nreturn s.pipeline { name = \"sweep\", "
                 "s.read { \"rows.csv\", key = \"id\" },\n"
                 "s.pack { user = \"{{text}}\", answer = { mood = s.text {} } },\n"
                 "s.dispatch { " +
                     endpoints + " },\ns.sink { \"out.jsonl\" } }\n");
  }
  World::Ended sweep(std::vector<std::string> more = {}) const {
    more.insert(more.begin(),
                {"probe", "job.lua", "--sweep", "--set", "base_url=" + world_.base_url()});
    return world_.sluice(more);
  }
  World world_;
};

TEST_F(ProbeSweep, PredictsConcurrenciesThatItHasNotProbed) {
  const auto swept = sweep({"--points", "points.csv", "--most-concurrency", "32"});
  ASSERT_EQ(swept.status, 0) << swept.errors;
  EXPECT_THAT(swept.output,
              testing::ContainsRegex("^sweep of .*: 9 points, at most 349 requests and 9 min "));
  EXPECT_LE(world_.mock_stats().requests, 349u);
  // Others, measured as well.
  ASSERT_EQ(sweep({"--points", "others.csv", "--most-concurrency", "24"}).status, 0);
  const auto ended =
      world_.sluice({"probe", "--fit", "points.csv", "--predict", "others.csv", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  const auto measured = world_.sluice({"probe", "--fit", "others.csv", "--json"});
  simdjson::dom::parser parser;
  simdjson::dom::parser other_parser;
  const simdjson::dom::element root = parser.parse(ended.output);
  const simdjson::dom::element others = other_parser.parse(measured.output);
  std::size_t near = 0;
  const std::size_t count = root["predictions"].get_array().size();
  for (std::size_t i = 0; i < count; ++i) {
    const double predicted = root["predictions"].at(i)["output_tokens_per_second"];
    const double truth = others["measured"].at(i)["output_tokens_per_second"];
    near += predicted > 0.8 * truth && predicted < 1.25 * truth;
  }
  EXPECT_GE(count, 8u);
  EXPECT_GE(near + 1, count) << ended.output << measured.output;
  const double wall = root["shapes"].at(0)["wall"];
  EXPECT_GT(wall, 16 / 1.5);
  EXPECT_LT(wall, 16 * 1.5);
  EXPECT_LE(double(root["shapes"].at(0)["best_concurrency"]), wall);
}

TEST_F(ProbeSweep, HoldsItsNumbersAgainstConcurrenciesThatTheyAreNotMadeOf) {
  const auto swept = sweep({"--most-concurrency", "8", "--check", "6,3", "--json"});
  ASSERT_EQ(swept.status, 0) << swept.errors;
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(swept.output);
  EXPECT_EQ(root["measured"].get_array().size(), 7u) << "without the checks";
  ASSERT_EQ(root["checks"].get_array().size(), 2u);
  EXPECT_EQ(double(root["checks"].at(0)["concurrency"]), 3);
  // How near is another test's: a machine that is busy does not keep a mock's times.
  for (const auto check : root["checks"])
    EXPECT_GT(double(check["predicted_by_measured"]), 0) << swept.output;
  const auto text = sweep({"--most-concurrency", "4", "--check", "3"});
  EXPECT_THAT(text.output, testing::ContainsRegex("\n .* 3 .*  check\n"));
  EXPECT_THAT(text.output, testing::ContainsRegex("\n *64 +32 +3 +[0-9]+ +[0-9]+ +[+-][0-9]+ %\n"));
}

TEST_F(ProbeSweep, ChecksNothingThatItIsMadeOf) {
  EXPECT_THAT(
      sweep({"--check", "3,4"}).errors,
      HasSubstr("--check: the numbers are made of what is measured at 4: take one between"));
  EXPECT_THAT(sweep({"--check", "100"}).errors,
              HasSubstr("--check: 100 is more than the sweep tries: raise --most-concurrency"));
  EXPECT_EQ(sweep({"--check", "0"}).status, 2);
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

// The mock has no /props, as a server behind a gateway has none.
TEST_F(ProbeSweep, GoesOnWhereLlamaCppDoesNotSayItsSlots) {
  make_job(
      "s.llama_cpp { model = \"m\", max_output_tokens = 32, base_url = s.param \"base_url\" }");
  const auto swept = sweep({"--most-concurrency", "4"});
  ASSERT_EQ(swept.status, 0) << swept.errors;
  EXPECT_THAT(swept.output, HasSubstr("how many slots the server has is not known"));
  EXPECT_THAT(swept.output, HasSubstr("HTTP 404"));
}

TEST_F(ProbeSweep, IsForOneServerThatIsNotPaidByTheToken) {
  make_job("s.openai { model = \"m\", key = \"k\", base_url = s.param \"base_url\" }");
  EXPECT_THAT(sweep().errors, HasSubstr("no endpoint of the job is a server of one's own"));
  make_job(
      "s.vllm { model = \"m\", base_url = s.param \"base_url\", name = \"one\" },"
      "s.ollama { model = \"m\", base_url = s.param \"base_url\", name = \"two\" }");
  EXPECT_THAT(sweep().errors, HasSubstr("--endpoint NAME takes one of one, two"));
  EXPECT_THAT(sweep({"--endpoint", "three"}).errors,
              HasSubstr("is named 'three': there are one, two"));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

// As llama.cpp's server does behind an answer.
TEST_F(ProbeSweep, SendsAgainWhatAClosedConnectionSwallowed) {
  world_.start_mock({"--engine", "a=1,b=0.1,t=2", "--reset", "0.05"});
  const auto swept = sweep({"--most-concurrency", "8", "--json"});
  ASSERT_EQ(swept.status, 0) << swept.errors;
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(swept.output)["measured"].get_array().size(), 7u) << swept.output;
}

TEST_F(ProbeSweep, SaysWhatTheServerSays) {
  world_.start_mock({"--error-500", "1"});
  const auto refused = sweep();
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.errors, HasSubstr("HTTP 500"));
  EXPECT_EQ(world_.mock_stats().requests, 1u);
}

TEST_F(ProbeSweep, FitAndSweepExcludeEachOther) {
  EXPECT_EQ(sweep({"--fit", "points.csv"}).status, 2);
  EXPECT_EQ(world_.sluice({"probe", "job.lua", "--points", "x.csv"}).status, 2);
  EXPECT_THAT(world_.sluice({"probe", "job.lua", "--predict", "x.csv"}).errors,
              HasSubstr("--predict needs --fit, --sweep or --engine"));
}

TEST(MockEngine, SaysWhichEnginesThereAre) {
  World world;
  const auto ended = world.sluice({"mock", "--engine", "h100"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.errors,
              HasSubstr("--engine: 'h100' is not a known engine: there are h100-llama8b, "));
}

}  // namespace
}  // namespace sluice::cli
