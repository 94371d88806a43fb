#include "mock/provider_model.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "mock/answerer.h"
#include "provider/row_tags.h"
#include "tests/mock/support.h"

namespace sluice::mock {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST(ProviderModel, AnswersEachRowOfAPackUnderItsId) {
  ProviderModel model(Options{});
  const Decision decision = model.handle(ask_pack(kRows), kNow, kWall);
  EXPECT_EQ(decision.response.status, 200);
  json expected = {{"answers", json::array()}};
  for (const auto& row : kRows) {
    json entry = json::parse(answer_for(kRowSchema, row.text, 1));
    entry["id"] = row.id;
    expected["answers"].push_back(entry);
  }
  EXPECT_EQ(content_of(decision), expected);
}

TEST(ProviderModel, AnswersOneRowAndFreeTextFromTheRowAlone) {
  ProviderModel model(Options{});
  EXPECT_EQ(content_of(model.handle(ask("hello", kRowSchema), kNow, kWall)),
            json::parse(answer_for(kRowSchema, "hello", 1)));
  const Decision free = model.handle(ask("hello"), kNow, kWall);
  EXPECT_EQ(json::parse(free.response.body).at("choices").at(0).at("message").at("content"),
            free_text_for("hello", 1));
}

TEST(ProviderModel, BillsAnswersByTheirTokens) {
  Options options;
  options.price = {core::Money::picodollars(1000), core::Money::picodollars(100),
                   core::Money::picodollars(5000)};
  options.count_repeats = true;
  ProviderModel model(options);
  const json usage =
      json::parse(model.handle(ask("12345678", kRowSchema), kNow, kWall).response.body).at("usage");
  EXPECT_EQ(usage.at("prompt_tokens"), 2);
  const auto output = usage.at("completion_tokens").get<std::uint64_t>();
  const Stats& stats = model.stats();
  EXPECT_EQ(stats.requests, 1u);
  EXPECT_EQ(stats.answered, 1u);
  EXPECT_EQ(stats.rows, 1u);
  EXPECT_EQ(stats.repeated_rows, 0u);
  EXPECT_EQ(stats.input_tokens, 2u);
  EXPECT_EQ(stats.output_tokens, output);
  EXPECT_EQ(stats.cost, core::Money::picodollars(static_cast<std::int64_t>(2000 + 5000 * output)));
  EXPECT_EQ(stats.in_flight, 1u);
  model.finished();
  EXPECT_EQ(model.stats().in_flight, 0u);

  static_cast<void>(model.handle(ask("12345678", kRowSchema), kNow, kWall));
  EXPECT_EQ(model.stats().repeated_rows, 1u);
}

TEST(ProviderModel, BillsCachedTokensAtTheirOwnPriceAndTellsThem) {
  Options options;
  options.price = {core::Money::picodollars(1000), core::Money::picodollars(100),
                   core::Money::picodollars(5000)};
  options.cached_share = 0.75;
  ProviderModel model(options);
  const json usage =
      json::parse(model.handle(ask(std::string(400, 'x')), kNow, kWall).response.body).at("usage");
  EXPECT_EQ(usage.at("prompt_tokens"), 100);
  EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens"), 75);
  const auto output = usage.at("completion_tokens").get<std::int64_t>();
  EXPECT_EQ(model.stats().cached_tokens, 75u);
  EXPECT_EQ(model.stats().cost, core::Money::picodollars(25'000 + 7'500 + 5000 * output));
  const json stats = json::parse(stats_json(model.stats()));
  EXPECT_EQ(stats.at("cost_picodollars"), 32'500 + 5000 * output);
}

TEST(ProviderModel, AnswersTakeTheTokensOfTheirDistributionAndTheRestIsReasoning) {
  Options options;
  const auto usage_of = [&](std::string_view limit) {
    ProviderModel model(options);
    http::ServerRequest request = ask("hello", kRowSchema);
    request.body.replace(0, 1, "{" + std::string(limit));
    return json::parse(model.handle(request, kNow, kWall).response.body).at("usage");
  };
  const auto text = usage_of("").at("completion_tokens").get<std::int64_t>();
  options.output_tokens = OutputTokens{.median = 500, .sigma = 0};
  EXPECT_EQ(usage_of("").at("completion_tokens"), 500);
  EXPECT_EQ(usage_of("").at("completion_tokens_details").at("reasoning_tokens"), 500 - text);
  EXPECT_EQ(usage_of(R"("max_completion_tokens":100,)").at("completion_tokens"), 100);
  options.output_tokens = OutputTokens{.median = 0, .sigma = 0};
  EXPECT_EQ(usage_of("").at("completion_tokens"), text) << "never less than the text";

  options.output_tokens = OutputTokens{.median = 500, .sigma = 0.5};
  ProviderModel model(options);
  int below = 0;
  for (int i = 0; i < 1000; ++i) {
    const Decision decision = model.handle(ask("x"), kNow, kWall);
    const json usage = json::parse(decision.response.body).at("usage");
    below += usage.at("completion_tokens").get<std::int64_t>() < 500 ? 1 : 0;
  }
  EXPECT_NEAR(below, 500, 60);
}

TEST(ProviderModel, BeyondItsSlotsRequestsQueue) {
  Options options;
  options.latency = 2s;
  options.slots = 2;
  ProviderModel model(options);
  std::vector<core::Duration> delays;
  for (int i = 0; i < 5; ++i) delays.push_back(model.handle(ask("x"), kNow, kWall).delay);
  EXPECT_EQ(delays, (std::vector<core::Duration>{2s, 2s, 4s, 4s, 6s}));
  EXPECT_EQ(model.handle(ask("x"), kNow + 1min, kWall).delay, core::Duration(2s));
}

TEST(ProviderModel, IsOutOfOrderAsPlannedFromItsStart) {
  Options options;
  options.outages = {
      {1s, 2s, OutageKind::error}, {2s, 3s, OutageKind::hang}, {3s, 4s, OutageKind::refuse}};
  ProviderModel model(options, kNow);
  EXPECT_EQ(model.handle(ask("x"), kNow, kWall).response.status, 200);
  EXPECT_EQ(model.handle(ask("x"), kNow + 1s, kWall).response.status, 500);
  EXPECT_EQ(model.handle(ask("x"), kNow + 2s, kWall).kind, Decision::Kind::hang);
  EXPECT_EQ(model.handle(ask("x"), kNow + 3s, kWall).kind, Decision::Kind::reset);
  EXPECT_EQ(model.handle(ask("x"), kNow + 4s, kWall).response.status, 200);
  EXPECT_EQ(model.stats().requests, 5u);
  EXPECT_EQ(model.stats().answered, 2u);
  EXPECT_EQ(model.stats().hangs, 1u);
  EXPECT_EQ(model.stats().resets, 1u);
}

http::ServerRequest control(std::string body) {
  http::ServerRequest request;
  request.method = "POST";
  request.target = "/control";
  request.body = std::move(body);
  return request;
}

TEST(ProviderModel, IsBrokenAndMendedByControl) {
  ProviderModel model(Options{});
  const auto status = [&](const http::ServerRequest& request) {
    return model.handle(request, kNow, kWall).response.status;
  };
  EXPECT_EQ(status(control(R"({"outage":"error"})")), 200);
  EXPECT_EQ(status(ask("x")), 500);
  EXPECT_EQ(status(control(R"({"outage":"fire"})")), 400);
  EXPECT_EQ(status(ask("x")), 500) << "what is not understood changes nothing";
  EXPECT_EQ(status(control(R"({"outage":"none"})")), 200);
  EXPECT_EQ(status(ask("x")), 200);
}

TEST(ProviderModel, IsNotControlledFromOtherMachines) {
  Options options;
  options.host = "0.0.0.0";
  ProviderModel model(options);
  EXPECT_EQ(model.handle(control(R"({"outage":"error"})"), kNow, kWall).response.status, 403);
  EXPECT_EQ(model.handle(ask("x"), kNow, kWall).response.status, 200);
}

TEST(ProviderModel, KeepsItsQuotaAndSaysSo) {
  Options options;
  options.rpm = 2;
  options.tpm = 1000;
  ProviderModel model(options);
  EXPECT_EQ(header(model.handle(ask("x"), kNow, kWall), "x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(model.handle(ask("x"), kNow, kWall).response.status, 200);
  const Decision refused = model.handle(ask("x"), kNow, kWall);
  EXPECT_EQ(refused.response.status, 429);
  EXPECT_EQ(header(refused, "retry-after"), "30");
  EXPECT_EQ(header(refused, "retry-after-ms"), "30000");
  EXPECT_EQ(header(refused, "x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(json::parse(refused.response.body).at("error").at("code"), "rate_limit_exceeded");
  EXPECT_EQ(model.handle(ask("x"), kNow + 30s, kWall).response.status, 200);
  const Decision never = model.handle(ask(std::string(5000, 'x')), kNow + 2min, kWall);
  EXPECT_EQ(never.response.status, 429);
  EXPECT_EQ(header(never, "retry-after"), "");
  EXPECT_EQ(model.stats().by_status, (std::map<int, std::uint64_t>{{200, 3}, {429, 2}}));
  EXPECT_EQ(model.stats().answered, 3u);
}

TEST(ProviderModel, AHiddenLimitIsToldByNoHeaderAndRefusesAsNginxDoes) {
  Options options;
  options.hidden_per_second = 10;
  options.hidden_burst = 2;
  ProviderModel model(options);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(model.handle(ask("x"), kNow, kWall).response.status, 200);
  const Decision refused = model.handle(ask("x"), kNow, kWall);
  EXPECT_EQ(refused.response.status, 503);
  EXPECT_EQ(header(refused, "retry-after"), "");
  EXPECT_EQ(header(refused, "x-ratelimit-limit-requests"), "");
  EXPECT_EQ(refused.response.body.find('{'), std::string::npos);
  EXPECT_EQ(model.handle(ask("x"), kNow + 100ms, kWall).response.status, 200);
}

TEST(ProviderModel, RefusalsAtRandomAskForTheWaitThatIsSet) {
  for (const auto& [wait, told] : {std::pair(2000ms, "2"), std::pair(0ms, "")}) {
    Options options;
    options.faults.error_503 = 1;
    options.error_wait = wait;
    ProviderModel model(options);
    const Decision refused = model.handle(ask("x"), kNow, kWall);
    EXPECT_EQ(refused.response.status, 503);
    EXPECT_EQ(header(refused, "retry-after"), told);
  }
}

TEST(ProviderModel, MeetsTheSameFaultsInTheSameOrder) {
  Options options;
  options.faults = {.error_429 = 0.1, .error_500 = 0.1, .reset = 0.1, .hang = 0.1};
  const auto run = [&](std::uint64_t seed) {
    options.seed = seed;
    ProviderModel model(options);
    std::string log;
    for (int i = 0; i < 1000; ++i) {
      const Decision decision = model.handle(ask("x"), kNow, kWall);
      log += decision.kind == Decision::Kind::reset ? 'r'
             : decision.kind == Decision::Kind::hang
                 ? 'h'
                 : static_cast<char>('0' + decision.response.status / 100);
    }
    return log;
  };
  const std::string log = run(5);
  EXPECT_EQ(log, run(5));
  EXPECT_NE(log, run(6));
  for (const char kind : {'r', 'h', '4', '5'}) {
    EXPECT_NEAR(static_cast<double>(std::count(log.begin(), log.end(), kind)), 100, 40) << kind;
  }
}

TEST(ProviderModel, NeverBillsWhatItDidNotAnswer) {
  Options options;
  options.price = {core::Money::picodollars(1), core::Money::picodollars(1),
                   core::Money::picodollars(1)};
  for (double Faults::* fault :
       {&Faults::error_429, &Faults::error_500, &Faults::reset, &Faults::hang}) {
    options.faults = Faults();
    options.faults.*fault = 1;
    ProviderModel model(options);
    static_cast<void>(model.handle(ask("x"), kNow, kWall));
    EXPECT_EQ(model.stats().requests, 1u);
    EXPECT_EQ(model.stats().answered, 0u);
    EXPECT_EQ(model.stats().input_tokens, 0u);
    EXPECT_EQ(model.stats().cost, core::Money());
    EXPECT_EQ(model.stats().in_flight, 0u);
  }
}

TEST(ProviderModel, KeepsToTheOutputLimitThatItIsGiven) {
  ProviderModel model(Options{});
  http::ServerRequest request = ask_pack(kRows);
  request.body.replace(0, 1, R"({"max_completion_tokens":3,)");
  const json reply = json::parse(model.handle(request, kNow, kWall).response.body);
  EXPECT_EQ(reply.at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(reply.at("usage").at("completion_tokens"), 3);
}

TEST(ProviderModel, DrawsItsLatencyAroundTheMedian) {
  Options options;
  options.latency = 100ms;
  options.latency_per_token = 10ms;
  ProviderModel exact(options);
  const Decision decision = exact.handle(ask("x"), kNow, kWall);
  const auto tokens =
      json::parse(decision.response.body).at("usage").at("completion_tokens").get<std::int64_t>();
  EXPECT_EQ(decision.delay, 100ms + 10ms * tokens);

  options.latency_sigma = 0.5;
  ProviderModel jittered(options);
  int below = 0;
  for (int i = 0; i < 1000; ++i) {
    const core::Duration delay = jittered.handle(ask("x"), kNow, kWall).delay;
    EXPECT_GT(delay, 0ms);
    below += delay < decision.delay ? 1 : 0;
  }
  EXPECT_NEAR(below, 500, 60);
}

TEST(ProviderModel, RefusesStrangersBadBodiesAndOtherPaths) {
  Options options;
  options.require_key = core::Secret("k");
  ProviderModel model(options);
  EXPECT_EQ(model.handle(ask("x"), kNow, kWall).response.status, 401);
  http::ServerRequest request = ask("x");
  request.headers.add("authorization", "Bearer k");
  EXPECT_EQ(model.handle(request, kNow, kWall).response.status, 200);
  request.target = "/v1/chat/completions?api-version=1";
  EXPECT_EQ(model.handle(request, kNow, kWall).response.status, 200);
  request.body = "{";
  EXPECT_EQ(model.handle(request, kNow, kWall).response.status, 400);
  request.target = "/v1/completions";
  EXPECT_EQ(model.handle(request, kNow, kWall).response.status, 404);
  EXPECT_EQ(model.stats().requests, 4u);
}

TEST(ProviderModel, ShowsAndClearsItsBooks) {
  Options options;
  options.price.input = core::Money::picodollars(1'500'000'000'000);
  options.count_repeats = true;
  ProviderModel model(options);
  static_cast<void>(model.handle(ask("x", kRowSchema), kNow, kWall));
  model.finished();
  http::ServerRequest show;
  show.method = "GET";
  show.target = "/stats";
  const json stats = json::parse(model.handle(show, kNow, kWall).response.body);
  const json expected = {{"requests", 1},      {"by_status", {{"200", 1}}},
                         {"resets", 0},        {"hangs", 0},
                         {"answered", 1},      {"rows", 1},
                         {"repeated_rows", 0}, {"input_tokens", 1},
                         {"cached_tokens", 0}, {"output_tokens", model.stats().output_tokens},
                         {"cost_usd", 1.5},    {"cost_picodollars", 1'500'000'000'000},
                         {"in_flight", 0},     {"max_in_flight", 1}};
  EXPECT_EQ(stats, expected);

  http::ServerRequest clear;
  clear.method = "POST";
  clear.target = "/stats/reset";
  EXPECT_EQ(model.handle(clear, kNow, kWall).response.status, 200);
  EXPECT_EQ(model.stats().requests, 0u);
  EXPECT_EQ(model.stats().cost, core::Money());
  static_cast<void>(model.handle(ask("x", kRowSchema), kNow, kWall));
  EXPECT_EQ(model.stats().repeated_rows, 0u);
}

}  // namespace
}  // namespace sluice::mock
