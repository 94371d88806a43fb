// Endpoints that never answer, refuse some, or refuse all: what becomes of the rows, and what is
// said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

World::Ended run(World& world, const StubServer& server, std::size_t rows,
                 std::vector<std::string> more = {}) {
  world.make_rows(rows);
  world.make_job(1);
  std::vector<std::string> arguments = {"run", "job.lua", "--set", "base_url=" + server.base_url()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return world.sluice(arguments);
}

void expect_all_pending(const World& world, std::size_t rows) {
  const JobStatus status = world.status();
  EXPECT_EQ(status.pending, rows);
  EXPECT_EQ(status.answered, 0u);
  EXPECT_EQ(status.rejected, 0u);
  EXPECT_EQ(status.maybe_billed, 0u);
}

TEST(NeverAnswers, ACaptivePortalEndsTheRunSoonAndCostsNothing) {
  World world;
  const StubServer portal([](const std::string&, int) {
    return http_reply(200, "Content-Type: text/html\r\n",
                      "<html><title>Sign in to WiFi</title></html>");
  });
  const auto ended = run(world, portal, 300);
  EXPECT_EQ(ended.status, 5);
  EXPECT_THAT(ended.errors, HasSubstr("does not answer as the API does (is base_url right?): HTTP "
                                      "200: an HTML page (Sign in to WiFi)"));
  EXPECT_THAT(ended.output, AllOf(HasSubstr("300 pending"), HasSubstr("Sign in to WiFi"),
                                  HasSubstr("run it again to resume")));
  expect_all_pending(world, 300);

  const StubServer api([](const std::string&, int) { return good_answer(); });
  EXPECT_EQ(run(world, api, 300).status, 0) << "the same command goes on";
  EXPECT_EQ(wrong_with_output(world, 300), "");
}

TEST(NeverAnswers, AGatewayWhoseBudgetIsUsedUpEndsTheRunAtOnce) {
  World world;
  const StubServer gateway([](const std::string&, int) {
    return http_reply(429, "Retry-After: 1\r\n",
                      R"({"error":{"message":"Budget has been exceeded! Current cost: 1.1, Max )"
                      R"(budget: 1.0","type":"budget_exceeded","param":null,"code":"429"}})");
  });
  const auto ended = run(world, gateway, 300);
  EXPECT_EQ(ended.status, 5);
  EXPECT_THAT(ended.errors, HasSubstr("Budget has been exceeded! Current cost: 1.1"));
  expect_all_pending(world, 300);
}

// It is waited for five minutes; what is wrong is said at once, and every form of output says it.
struct Down {
  const char* name;
  int status;
  const char* body;
  const char* said;
};
class NeverAnswersTest : public testing::TestWithParam<Down> {
 protected:
  // Runs until standard error says it, then stops.
  World::Ended run_until_said(std::vector<std::string> arguments) {
    world_.make_rows(300);
    world_.make_job(1);
    const StubServer server(
        [](const std::string&, int) { return http_reply(GetParam().status, "", GetParam().body); });
    arguments.insert(arguments.begin(),
                     {"run", "job.lua", "--set", "base_url=" + server.base_url()});
    const auto process = world_.start(arguments);
    process->runs_until(
        [&] { return process->errors().find(GetParam().said) != std::string::npos; },
        std::chrono::seconds(20));
    EXPECT_TRUE(process->running()) << process->errors();
    process->signal(SIGINT);
    World::Ended ended;
    ended.status = process->wait(std::chrono::seconds(20));
    ended.output = process->output();
    ended.errors = process->errors();
    return ended;
  }
  World world_;
};

TEST_P(NeverAnswersTest, SaysSoAtOnceInLinesAndSummary) {
  const auto ended = run_until_said({});
  EXPECT_EQ(ended.status, 4);
  EXPECT_THAT(ended.errors, AllOf(HasSubstr("no answer yet ("), HasSubstr(GetParam().said)));
  EXPECT_THAT(ended.output, AllOf(HasSubstr("endpoint  "), HasSubstr(GetParam().said)));
  expect_all_pending(world_, world_.status().read);
  const auto status = world_.sluice({"status", "job.lua", "--set", "base_url=http://none"});
  EXPECT_THAT(status.output, AllOf(HasSubstr("no answer since"), HasSubstr(GetParam().said)));
}

TEST_P(NeverAnswersTest, SaysSoAtOnceInJson) {
  const auto ended = run_until_said({"--log", "json"});
  EXPECT_EQ(ended.status, 4);
  EXPECT_THAT(
      ended.errors,
      testing::ContainsRegex(R"(\{"event":"notice","time":"[^"]*Z","level":"warning","message":)"));
  EXPECT_THAT(ended.output,
              AllOf(HasSubstr(R"("problems":[{"endpoint":)"), HasSubstr(GetParam().said)));
}

INSTANTIATE_TEST_SUITE_P(Server, NeverAnswersTest,
                         testing::Values(Down{"BadGateway", 502,
                                              "<html><title>502 Bad Gateway</title></html>",
                                              "HTTP 502: an HTML page (502 Bad Gateway)"},
                                         Down{"ServerError", 500, "oops", "HTTP 500: oops"},
                                         Down{"Unavailable", 503, "", "HTTP 503"},
                                         Down{"RateLimit", 429, "slower", "HTTP 429: slower"}),
                         [](const testing::TestParamInfo<Down>& info) { return info.param.name; });

bool asks_for(const std::string& request, int row) {
  return request.find("row number " + std::to_string(row) + " ") != std::string::npos;
}

// A firewall in front of the endpoint does not like two texts.
TEST(Refused, RowsOfAnEndpointThatAnswersOthersAreRejectedAndTheJobIsFinished) {
  for (const int status : {403, 404, 302, 501, 451}) {
    World world;
    const StubServer server([status](const std::string& request, int) {
      if (!asks_for(request, 0) && !asks_for(request, 77)) return good_answer();
      return http_reply(status, "", "<html><title>Request Rejected</title></html>");
    });
    const auto ended = run(world, server, 300);
    EXPECT_EQ(ended.status, 1) << status << ended.errors;
    EXPECT_EQ(wrong_with_output(world, 300), "") << status;
    const auto rejects = world.lines("out.rejects.jsonl");
    ASSERT_EQ(rejects.size(), 2u) << status;
    EXPECT_THAT(rejects, Contains(AllOf(HasSubstr("T-77"), HasSubstr(std::to_string(status)))));
    EXPECT_EQ(server.requests(), 300) << status;
  }
}

// The refused row alone is left of the job: the endpoint has answered others in an earlier run.
TEST(Refused, TheOneRowThatIsLeftOfAJobIsRejectedAsWell) {
  World world;
  const StubServer server([](const std::string& request, int) {
    return asks_for(request, 9) ? http_reply(403, "", "no") : good_answer();
  });
  EXPECT_EQ(run(world, server, 9).status, 0);
  EXPECT_EQ(run(world, server, 10).status, 1);
  EXPECT_EQ(wrong_with_output(world, 10), "");
}

TEST(Refused, AllRowsAlikeEndTheRunAndNoneIsRejected) {
  for (const int status : {301, 400, 403, 404}) {
    World world;
    const StubServer server([status](const std::string&, int) {
      return http_reply(status, "Location: https://elsewhere.example/v1/chat/completions\r\n",
                        "no");
    });
    const auto ended = run(world, server, 300);
    EXPECT_EQ(ended.status, 5) << status;
    EXPECT_THAT(ended.errors, HasSubstr("has answered nothing and refused")) << status;
    if (status == 301) {
      EXPECT_THAT(ended.errors, HasSubstr("write base_url = \"https://elsewhere.example/v1\""));
    }
    expect_all_pending(world, 300);
  }
}

TEST(Refused, AnEndpointsKeyLeavesTheRowsThatOnlyItTakesPending) {
  World world;
  world.make_rows(10);
  // Too much for 9,000 tokens a minute, also by what the small endpoint's token counts teach.
  world.write("long.jsonl", R"({"id":"L-1","text":")" + std::string(900'000, 'x') + "\"}\n");
  const StubServer small([](const std::string&, int) { return good_answer(); });
  const StubServer large([](const std::string&, int) {
    return http_reply(401, "", R"({"error":{"message":"Incorrect API key provided"}})");
  });
  world.write("job.lua", R"lua(
local s = require "sluice"
local price = { input = 1, output = 2 }
return s.pipeline {
  name = "job",
  s.read { "long.jsonl", "in.jsonl", key = "id" },
  s.pack {
    rows = 1, system = "Say the colour.", user = "{{text}}",
    answer = { colour = s.one_of { "red", "green", "blue" }, size = s.int { min = 1, max = 9 } },
  },
  s.dispatch {
    route = "in_order",
    s.openai { model = "small", base_url = s.param "small", price = price, tpm = 9000, max_output_tokens = 100 },
    s.openai { model = "large", base_url = s.param "large", price = price, max_output_tokens = 100 },
  },
  s.sink { "out.jsonl" },
}
)lua");
  const auto ended = world.sluice({"run", "job.lua", "--set", "small=" + small.base_url(), "--set",
                                   "large=" + large.base_url()});
  EXPECT_EQ(ended.status, 5) << ended.errors;
  EXPECT_THAT(ended.errors,
              AllOf(HasSubstr("rows are left that only a stopped endpoint would take"),
                    HasSubstr("Incorrect API key provided")));
  EXPECT_THAT(ended.output, AllOf(HasSubstr("10 answered, 0 rejected, 1 pending"),
                                  HasSubstr("run it again to resume")));
  EXPECT_EQ(wrong_with_output(world, 10), "");
}

// A proxy that refuses by its mood, before it has read the request.
TEST(Refused, ARowThatAProxyCallsTooLargeIsAskedOnceMore) {
  World world;
  std::set<int> refused;
  const StubServer server([&refused](const std::string& request, int) {
    for (int row = 8; row < 100; row += 9) {
      if (asks_for(request, row) && refused.insert(row).second) return http_reply(413, "", "");
    }
    return good_answer();
  });
  const auto ended = run(world, server, 100);
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(wrong_with_output(world, 100), "");
  EXPECT_EQ(server.requests(), 111);
}

// Row 5 gets no answer but a page, row 6 no JSON: each is asked for three times.
TEST(Unusable, RepliesToOneRowAmongOthersAreGivenUpSoonAndAPageCostsNothing) {
  World world;
  std::atomic<int> pages = 0;
  std::atomic<int> spoilt = 0;
  const StubServer server([&](const std::string& request, int) {
    if (asks_for(request, 5)) return ++pages, http_reply(200, "", "<html>blocked</html>");
    if (asks_for(request, 6)) return ++spoilt, http_reply(200, "", R"({"choices":[{"mess)");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return good_answer();
  });
  const auto ended = run(world, server, 300);
  EXPECT_EQ(ended.status, 1) << ended.errors;
  EXPECT_EQ(wrong_with_output(world, 300), "");
  EXPECT_EQ(world.lines("out.rejects.jsonl").size(), 2u);
  EXPECT_LE(pages, 4);
  EXPECT_EQ(spoilt, 3);
  EXPECT_EQ(world.status().maybe_billed, 3u) << "a model may have run for the spoilt ones alone";
}

}  // namespace
}  // namespace sluice::cli
