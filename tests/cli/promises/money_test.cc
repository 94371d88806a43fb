// What the program does with money when servers say odd things about it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cmath>

#include "tests/cli/odd_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kHonest[] = R"({"prompt_tokens":60,"completion_tokens":8})";

// A job of one free-text row a request. Each row differs, so that none is answered by another.
void write_job(const World& world, std::size_t rows, const std::string& endpoint,
               const std::string& dispatch = "") {
  world.make_rows(rows);
  world.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{
  name = "job",
  checkpoint = {{ durability = "process" }},
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ system = "Say something.", user = "{{{{text}}}}" }},
  s.dispatch {{ s.openai {{ base_url = s.param "base_url", {} }}, {} }},
  s.sink {{ "out.jsonl" }},
}}
)lua",
                                     endpoint, dispatch));
}

World::Ended run(const World& world, const OddServer& server) {
  return world.sluice({"run", "job.lua", "--set", "base_url=" + server.base_url()});
}

OddServer always(const std::string& usage) {
  return OddServer(
      [usage](std::uint64_t, const std::string&) { return OddServer::Reply{.usage = usage}; });
}

// $10 a million output tokens: with the cap a request costs $0.011 at most.
constexpr char kPriced[] =
    "model = \"m\", price = { input = 1, output = 10 }, max_output_tokens = 1000";

class UnusableUsage : public testing::TestWithParam<const char*> {};

TEST_P(UnusableUsage, IsCountedAtItsWorstSoThatTheBudgetHolds) {
  const World world;
  write_job(world, 400, kPriced, "budget = \"$0.10\"");
  const auto server = always(GetParam());
  const auto ended = run(world, server);
  EXPECT_EQ(ended.status, 4) << ended.output << ended.errors;
  EXPECT_LE(server.requests(), 9U) << "each may have cost $0.01";
  EXPECT_GE(server.requests(), 5U) << "the budget was hardly used";
  const JobStatus status = world.status();
  EXPECT_EQ(status.answered, server.requests());
  EXPECT_EQ(status.maybe_billed, server.requests());
  EXPECT_EQ(status.maybe_billed_output, 1000 * server.requests());
  EXPECT_THAT(ended.output, HasSubstr(fmt::format("for {} replies without usable token counts: "
                                                  "counted at their worst price",
                                                  server.requests())));
}

INSTANTIATE_TEST_SUITE_P(
    Replies, UnusableUsage,
    testing::Values("", "{}", "null", "7", R"({"prompt_tokens":"many","completion_tokens":"few"})",
                    R"({"prompt_tokens":-60,"completion_tokens":-8})",
                    R"({"prompt_tokens":0,"completion_tokens":0})",
                    R"({"prompt_tokens":60.5,"completion_tokens":8.5})",
                    R"({"prompt_tokens":60,"completion_tokens":0})", R"({"prompt_tokens":60})",
                    R"({"tokens_in":60,"tokens_out":8})", R"({"total_tokens":68})",
                    R"({"prompt_tokens":4294967295,"completion_tokens":8})",
                    R"({"prompt_tokens":60,"completion_tokens":18446744073709551615})"));

class UsableUsage : public testing::TestWithParam<const char*> {};

TEST_P(UsableUsage, IsReadUnderAnyOfItsNames) {
  const World world;
  write_job(world, 40, kPriced, "budget = \"$0.10\"");
  const auto server = always(GetParam());
  const auto ended = run(world, server);
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  const JobStatus status = world.status();
  EXPECT_EQ(status.input_tokens, 40 * 60U);
  EXPECT_EQ(status.output_tokens, 40 * 8U);
  EXPECT_EQ(status.maybe_billed, 0U);
  EXPECT_THAT(ended.output, Not(HasSubstr("usable")));
}

INSTANTIATE_TEST_SUITE_P(
    Replies, UsableUsage,
    testing::Values(
        kHonest, R"({"input_tokens":60,"output_tokens":8})",
        R"({"prompt_tokens":60.0,"completion_tokens":8.0})",
        R"({"prompt_tokens":"60","completion_tokens":"8"})",
        R"({"prompt_tokens":60,"completion_tokens":8,"input_tokens":0,"output_tokens":0})",
        R"({"input_tokens":20,"output_tokens":8,"cache_read_input_tokens":40})"));

OddServer always(const std::string& usage, const std::string& header, const std::string& value) {
  return OddServer([=](std::uint64_t, const std::string&) {
    return OddServer::Reply{.usage = usage, .headers = {{header, value}}};
  });
}

TEST(Budget, WithAnUnknownPriceIsAMistake) {
  const World world;
  const auto server = always(kHonest);
  for (const std::string model : {"claude-sonnet-4-5", "o4-mini", "grok-4", "qwen3-32b"}) {
    write_job(world, 3, "model = \"" + model + "\"", "budget = \"$5\"");
    const auto check = world.sluice({"check", "job.lua", "--set", "base_url=http://none"});
    EXPECT_EQ(check.status, 3) << model;
    EXPECT_THAT(check.errors, HasSubstr("job.lua:8:"));
    EXPECT_THAT(check.errors, HasSubstr("error: the price of '" + model +
                                        "' is not known, so the budget cannot be held"));
    EXPECT_THAT(check.errors, HasSubstr("add price = { input = …, output = … }"));
    EXPECT_EQ(run(world, server).status, 3) << model;
  }
  EXPECT_EQ(server.requests(), 0U);

  write_job(world, 3, "model = \"o4-mini\", price = { input = 0, output = 0 }", "budget = \"$5\"");
  EXPECT_EQ(run(world, server).status, 0) << "free when it is said";
  write_job(world, 4, "model = \"o4-mini\"");
  EXPECT_EQ(run(world, server).status, 0) << "without a budget nothing is promised";
}

TEST(Budget, FindsAPriceInAnyCase) {
  const World world;
  write_job(world, 3, "model = \"GPT-5.4-mini\"", "budget = \"$5\"");
  const auto server = always(kHonest);
  const auto ended = run(world, server);
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("cost      $0.00024")) << "3 × (60 × 0.75 + 8 × 4.5) µ$";
}

TEST(Budget, BelowOneRequestIsAMistakeWithTheFigure) {
  const World world;
  write_job(world, 3, kPriced, "budget = \"$0.01\"");
  const auto check = world.sluice({"check", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(check.status, 3);
  EXPECT_THAT(check.errors, HasSubstr("error: the budget of $0.010 lets no request go: a request "
                                      "can cost up to $0.010 at none/m (1,000 output tokens, its "
                                      "max_output_tokens)"));
  EXPECT_THAT(check.errors, HasSubstr("^^^^^^^ lower max_output_tokens, or raise the budget"));

  write_job(world, 3, "model = \"gpt-5.4\"", "budget = \"$1\"");
  const auto uncapped = world.sluice({"check", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(uncapped.status, 3);
  EXPECT_THAT(uncapped.errors, HasSubstr("can cost up to $1.92 at none/gpt-5.4 (128,000 output "
                                         "tokens, since it has no max_output_tokens)"));
  EXPECT_THAT(uncapped.errors, HasSubstr("give the endpoint max_output_tokens"));
}

TEST(Budget, ThatIsUsedUpSaysWhatHelpsAndNotToRunAgain) {
  const World world;
  write_job(world, 400, kPriced, "budget = \"$0.03\"");
  const auto server = always(kHonest);
  const auto first = run(world, server);
  EXPECT_EQ(first.status, 4);
  EXPECT_THAT(first.output, HasSubstr("budget reached: $0.0"));
  EXPECT_THAT(first.output,
              HasSubstr("; to continue, raise the budget, or lower max_output_tokens"));
  EXPECT_THAT(first.output, Not(HasSubstr("run it again")));
  const std::uint64_t asked = server.requests();

  const auto second = run(world, server);
  EXPECT_EQ(second.status, 4);
  EXPECT_THAT(second.errors, HasSubstr("nothing more can be asked: $0.0"));
  EXPECT_THAT(second.output, Not(HasSubstr("run it again")));
  EXPECT_EQ(server.requests(), asked);
}

TEST(Budget, IsNotTurnedOffByAChargeOfZero) {
  const World world;
  write_job(world, 400, kPriced, "budget = \"$0.03\"");
  const auto server = always(kHonest, "x-litellm-response-cost", "0");
  const auto ended = run(world, server);
  EXPECT_EQ(ended.status, 4) << ended.output;
  EXPECT_LE(server.requests() * 140, 30'000U) << "140 µ$ each at list prices";
  EXPECT_THAT(ended.output, HasSubstr("charges that a gateway told cannot be"));
}

TEST(Budget, IsNotUsedUpByAChargeThatCannotBe) {
  for (const char* charge : {"1000000000", "-5", "nan", "1e-9"}) {
    const World world;
    write_job(world, 100, kPriced, "budget = \"$0.03\"");
    const auto server = always(kHonest, "x-litellm-response-cost", charge);
    const auto ended = run(world, server);
    EXPECT_EQ(ended.status, 0) << charge << ended.output;
    EXPECT_THAT(ended.output, HasSubstr("cost      $0.014")) << charge;
  }
}

TEST(Budget, ThatHoldsRequestsBackForWantOfACapSaysSo) {
  const World world;
  write_job(world, 200, "model = \"m\", price = { input = 1, output = 1 }", "budget = 1");
  const auto server = always(kHonest);
  const auto text = run(world, server);
  EXPECT_EQ(text.status, 0) << text.errors;
  const std::string words =
      "the budget holds 7 requests in flight where 32 could be: each counts "
      "as $0.13 until it is answered, 128,000 output tokens, since "
      "max_output_tokens is not set";
  EXPECT_THAT(text.output, HasSubstr(words));

  write_job(world, 400, "model = \"m\", price = { input = 1, output = 1 }", "budget = 1");
  const auto json =
      world.sluice({"run", "job.lua", "--log", "json", "--set", "base_url=" + server.base_url()});
  EXPECT_EQ(json.status, 0);
  EXPECT_THAT(json.output, HasSubstr(R"("budget_holds_back":{"in_flight":7,"could_be":32,)"));

  write_job(world, 600, "model = \"m\", price = { input = 1, output = 1 }, max_output_tokens = 100",
            "budget = 1");
  EXPECT_THAT(run(world, server).output, Not(HasSubstr("the budget holds")));
}

class OddFigure : public testing::TestWithParam<std::pair<const char*, const char*>> {};

// A quota of the pipeline file's, so that estimates count; and the limits that servers state.
TEST_P(OddFigure, InAReplyRejectsNoRowAndStopsNothing) {
  const World world;
  write_job(world, 300, "model = \"m\", tpm = 600000, max_output_tokens = 1000");
  const auto [name, value] = GetParam();
  const auto server = always(kHonest, name, value);
  const auto ended = run(world, server);
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_EQ(wrong_with_output(world, 300), "");
  EXPECT_EQ(server.requests(), 300U);
}

INSTANTIATE_TEST_SUITE_P(Headers, OddFigure,
                         testing::Values(std::pair("x-ratelimit-limit-tokens", "1"),
                                         std::pair("x-ratelimit-limit-tokens", "0"),
                                         std::pair("x-ratelimit-limit-tokens", "-7"),
                                         std::pair("x-ratelimit-limit-tokens", "nan"),
                                         std::pair("x-ratelimit-limit-tokens", "1e308"),
                                         std::pair("x-ratelimit-limit-requests", "1e300"),
                                         std::pair("x-ratelimit-limit-requests", "0.000001"),
                                         std::pair("x-ratelimit-remaining-tokens", "1e300"),
                                         std::pair("x-ratelimit-remaining-tokens", "-1"),
                                         std::pair("x-ratelimit-reset-tokens", "9999999999999"),
                                         std::pair("retry-after", "31536000000"),
                                         std::pair("retry-after", "-1")));

TEST(OddFigures, OfTokensRejectNoRowAndAreCountedApart) {
  const World world;
  write_job(world, 300, "model = \"m\", tpm = 600000, max_output_tokens = 1000");
  const OddServer server([](std::uint64_t number, const std::string&) {
    return OddServer::Reply{.usage = number % 10 == 0
                                         ? R"({"prompt_tokens":4294967295,"completion_tokens":8})"
                                         : kHonest};
  });
  const auto ended = run(world, server);
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_EQ(wrong_with_output(world, 300), "");
  EXPECT_EQ(world.status().input_tokens, 270 * 60U);
  EXPECT_THAT(ended.output, HasSubstr("for 30 replies without usable token counts"));
}

TEST(OddFigures, OfALimitAreSaid) {
  const World world;
  write_job(world, 20, "model = \"m\"");
  const auto server = always(kHonest, "x-ratelimit-limit-tokens", "1");
  EXPECT_THAT(run(world, server).output,
              HasSubstr("20 replies stated limits that no request could keep to: not followed"));
}

// The figure against a second job that asks one row a request.
TEST(PacksCost, SayWhatTheyCostWhereSingleRequestsWouldHaveBeenCheaper) {
  const auto input_tokens = [](int rows, World::Ended& ended) {
    World world;
    world.make_rows(300);
    world.make_job(rows);
    world.start_mock();
    auto arguments = world.run_job();
    arguments.insert(arguments.end(), {"--log", "json"});
    ended = world.sluice(arguments);
    EXPECT_EQ(ended.status, 0) << ended.errors;
    EXPECT_THAT(world.sluice(world.run_job()).output, Not(HasSubstr("packs")));
    return static_cast<double>(world.mock_stats().input_tokens);
  };
  World::Ended single, pair, many;
  const double singly = input_tokens(1, single);
  const double in_pairs = input_tokens(2, pair);
  const double in_packs = input_tokens(20, many);
  ASSERT_GT(in_pairs, singly) << "the instruction for packs is longer than a row";
  const auto saved = [](const World::Ended& ended) {
    const std::string name = "\"saved_input_tokens\":";
    return std::stod(ended.output.substr(ended.output.find(name) + name.size()));
  };
  EXPECT_EQ(saved(single), 0);
  EXPECT_NEAR(saved(pair), singly - in_pairs, 0.1 * (in_pairs - singly));
  EXPECT_NEAR(saved(many), singly - in_packs, 0.1 * std::abs(singly - in_packs) + 300);
}

TEST(PacksCost, SayInTheSummaryThatTheyDoNotPay) {
  World world;
  world.make_rows(300);
  world.make_job(2);
  world.start_mock();
  EXPECT_THAT(world.sluice(world.run_job()).output,
              testing::ContainsRegex("packs saved 150 requests, but took about [0-9,]+ input "
                                     "tokens more than one row a request would have"));
}

// Runs until there were so many requests, however long that takes, and stops.
void run_until(const World& world, const OddServer& server, std::uint64_t requests) {
  const auto process = world.start({"run", "job.lua", "--set", "base_url=" + server.base_url()});
  ASSERT_TRUE(process->runs_until([&] { return server.requests() >= requests; }))
      << process->errors();
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(), 4) << process->errors();
}

TEST(DailyQuota, OfRequestsIsOneForAllRunsOfTheDay) {
  const World world;
  const auto server = always(kHonest);
  write_job(world, 150, "model = \"m\", rpd = 50");
  run_until(world, server, 50);
  write_job(world, 150, "model = \"m\", rpd = 50", "deadline = \"1s\"");
  for (int i = 0; i < 2; ++i) {
    const auto ended = run(world, server);
    EXPECT_EQ(ended.status, 4) << ended.output << ended.errors;
    EXPECT_EQ(server.requests(), 50U) << "run " << i + 2;
  }
}

TEST(DailyQuota, OfTokensIsOneForAllRunsOfTheDay) {
  const World world;
  const auto server = always(kHonest);
  const char* endpoint = "model = \"m\", tpd = 6800, max_output_tokens = 10";
  write_job(world, 300, endpoint);
  run_until(world, server, 95);
  write_job(world, 300, endpoint, "deadline = \"1s\"");
  EXPECT_EQ(run(world, server).status, 4);
  EXPECT_NEAR(static_cast<double>(server.requests()), 100, 5) << "68 tokens each";
}

TEST(DailyQuota, OutlivesAKill) {
  const World world;
  write_job(world, 150, "model = \"m\", rpd = 50, max_concurrency = 4");
  std::atomic<std::uint64_t> asked = 0;
  const OddServer server([&](std::uint64_t number, const std::string&) {
    asked = number + 1;
    return OddServer::Reply{.usage = kHonest};
  });
  auto process = world.start({"run", "job.lua", "--set", "base_url=" + server.base_url()});
  process->runs_until([&] { return asked >= 20; });
  process->signal(SIGKILL);
  process->wait();
  write_job(world, 150, "model = \"m\", rpd = 50, max_concurrency = 4", "deadline = \"1s\"");
  EXPECT_EQ(run(world, server).status, 4);
  EXPECT_LE(server.requests(), 50U);
  EXPECT_GE(server.requests(), 42U) << "what was in flight may count twice";
}

TEST(DailyQuota, IsOneForAllQuestionsOfAJob) {
  const World world;
  world.make_rows(40);
  const std::string job = R"lua(
local s = require "sluice"
local function ask()
  return s.openai { base_url = s.param "base_url", model = "m", rpd = 50 }
end
return s.pipeline {
  name = "job",
  checkpoint = { durability = "process" },
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}" },
  s.dispatch { ask() },
  s.pack { user = "{{text}}, again" },
  s.dispatch { ask(), },
  s.sink { "out.jsonl" },
}
)lua";
  world.write("job.lua", job);
  const auto server = always(kHonest);
  run_until(world, server, 50);
  std::string hurried = job;
  hurried.insert(hurried.rfind("ask(),") + 6, " deadline = \"1s\"");
  world.write("job.lua", hurried);
  EXPECT_EQ(run(world, server).status, 4);
  EXPECT_EQ(server.requests(), 50U);
}

}  // namespace
}  // namespace sluice::cli
