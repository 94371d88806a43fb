// sluice ask: from one command to the answers, with the promises of any job.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using Arguments = std::vector<std::string>;

class AskCommand : public testing::Test {
 protected:
  AskCommand() {
    world_.make_rows(20);
    world_.start_mock();
  }
  World::Ended ask(Arguments more = {},
                   const std::string& answer = "colour=red|green|blue, size=int 1..9") const {
    Arguments arguments = {"ask",        "in.jsonl",        "--user",    "{{text}}", "--model",
                           "mock",       "--out",           "out.jsonl", "--key",    "id",
                           "--base-url", world_.base_url(), "--price",   "1/2"};
    if (!answer.empty()) arguments.insert(arguments.end(), {"--answer", answer});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  World world_;
};

TEST_F(AskCommand, AsksEachRowAndWritesItWithItsAnswer) {
  const auto ended = ask();
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("20 read, 20 answered, 0 rejected"));
  EXPECT_THAT(ended.errors, HasSubstr("with --save out.lua writes its file"));
  auto lines = world_.lines("out.jsonl");
  ASSERT_EQ(lines.size(), 20u);
  std::ranges::sort(lines);
  EXPECT_THAT(lines.front(), testing::StartsWith("{\"id\":\"T-0\",\"text\":"));
  EXPECT_THAT(lines.front(), HasSubstr("\"colour\":"));
}

TEST_F(AskCommand, TheSameCommandGoesOnWhereItWas) {
  ASSERT_EQ(ask({"--rows", "5"}).status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 5u);
  ASSERT_EQ(ask().status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 20u);
  ASSERT_EQ(ask().status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 20u);
  EXPECT_EQ(world_.lines("out.jsonl").size(), 20u);
}

TEST_F(AskCommand, SavesTheFileThatItRanAndThatRunsOn) {
  ASSERT_EQ(ask({"--rows", "5"}).status, 0);
  const auto saved = ask({"--rows", "5", "--save", "job.lua"});
  ASSERT_EQ(saved.status, 0) << saved.errors;
  EXPECT_THAT(saved.errors, HasSubstr("sluice run job.lua"));
  EXPECT_EQ(world_.sluice({"run", "job.lua"}).status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 20u);
  EXPECT_EQ(world_.sluice({"audit", "job.lua"}).status, 0);
}

TEST_F(AskCommand, NeverSavesOverAnotherFile) {
  world_.write("job.lua", "-- mine\n");
  const auto ended = ask({"--save", "job.lua"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.errors, HasSubstr("job.lua: this file is there, and says something else"));
  EXPECT_EQ(world_.read("job.lua"), "-- mine\n");
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  // The same text is no other file.
  ASSERT_EQ(ask({"--save", "mine.lua"}).status, 0);
  EXPECT_EQ(ask({"--save", "mine.lua"}).status, 0);
  EXPECT_EQ(ask({"--save", "sub/mine.lua"}).status, 2);
}

TEST_F(AskCommand, AnotherQuestionAsksAgainAndReplacesTheOutput) {
  ASSERT_EQ(ask().status, 0);
  ASSERT_EQ(ask({}, "shape=round|square").status, 0);
  EXPECT_EQ(world_.mock_stats().rows, 40u);
  const auto lines = world_.lines("out.jsonl");
  EXPECT_EQ(lines.size(), 20u);
  EXPECT_THAT(lines.front(), HasSubstr("\"shape\":"));
  EXPECT_THAT(lines.front(), Not(HasSubstr("\"colour\":")));
}

TEST_F(AskCommand, ABudgetIsKept) {
  const auto ended = ask({"--budget", "$0.001", "--max-output-tokens", "100"});
  EXPECT_EQ(ended.status, 4) << ended.output << ended.errors;
  EXPECT_LT(world_.lines("out.jsonl").size(), 20u);
}

TEST_F(AskCommand, MistakesAreWrongUsageAndAskNothing) {
  const auto wrong = [&](const Arguments& more, const std::string& answer, const char* words) {
    const auto ended = ask(more, answer);
    EXPECT_EQ(ended.status, 2) << words;
    EXPECT_THAT(ended.errors, HasSubstr(words));
  };
  wrong({}, "colour=rad|rad",
        "the choice 'rad' is there twice\n    colour=rad|rad\n               ^^^");
  wrong({"--endpoint", "grog"}, "", "did you mean 'groq'?");
  wrong({"--pack", "0"}, "", "--pack");
  wrong({"--rows", "-1"}, "", "--rows");
  const auto nameless =
      world_.sluice({"ask", "in.jsonl", "--user", "x", "--model", "qwen3", "--out", "out.jsonl"});
  EXPECT_EQ(nameless.status, 2);
  EXPECT_THAT(nameless.errors, HasSubstr("who has the model 'qwen3'?"));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
  EXPECT_FALSE(world_.has_checkpoint());
}

TEST_F(AskCommand, WhatTheFileWouldNotTakeIsShownInIt) {
  const auto ended = ask({"--budget", "ten"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("out.lua:"));
  EXPECT_THAT(ended.errors, HasSubstr("budget = \"ten\""));
}

TEST_F(AskCommand, AKeyThatIsNotSetIsNamed) {
  const auto ended =
      world_.sluice({"ask", "in.jsonl", "--user", "{{text}}", "--model", "gpt-5.4-mini", "--out",
                     "out.jsonl", "--key-env", "SLUICE_TEST_NO_SUCH_KEY"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.errors, HasSubstr("SLUICE_TEST_NO_SUCH_KEY"));
}

TEST_F(AskCommand, WithoutColumnsTheAnswerIsText) {
  StubServer server([](const std::string&, int) {
    return http_reply(200, "content-type: application/json\r\n",
                      R"({"choices":[{"message":{"content":"a fine day"},"finish_reason":"stop"}],)"
                      R"("usage":{"prompt_tokens":9,"completion_tokens":3}})");
  });
  const auto ended =
      world_.sluice({"ask", "in.jsonl", "--user", "{{text}}", "--model", "m", "--out", "o.jsonl",
                     "--rows", "1", "--base-url", server.base_url()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(world_.read("o.jsonl"), HasSubstr("\"answer\":\"a fine day\""));
}

TEST_F(AskCommand, SaysThatAKeyIsNotSentToAnAddressOfNoKnownService) {
  ::setenv("OPENAI_API_KEY", "sk-of-another-service", 1);
  const std::string port = world_.base_url().substr(world_.base_url().rfind(':'));
  const auto ended =
      world_.sluice({"ask", "in.jsonl", "--user", "{{text}}", "--model", "m", "--out", "o.jsonl",
                     "--rows", "1", "--base-url", "http://0.0.0.0" + port});
  ::unsetenv("OPENAI_API_KEY");
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.errors, HasSubstr("note: no key is sent to 0.0.0.0"));
  EXPECT_THAT(ended.errors, HasSubstr("--key-env OPENAI_API_KEY sends it"));
  EXPECT_THAT(ended.errors, Not(HasSubstr("sk-of-another")));
}

TEST_F(AskCommand, TakesACsvAndWritesOneWithTheAnswersBehindItsColumns) {
  world_.write("tickets.csv",
               "id,subject,body\nT-1,Invoice,\"It is wrong,\nagain\"\nT-2,Login,I cannot\n");
  const auto ended = world_.sluice({"ask", "tickets.csv", "--user", "{{subject}}: {{body}}",
                                    "--answer", "queue=billing|access", "--model", "mock", "--key",
                                    "id", "--out", "sorted.csv", "--base-url", world_.base_url()});
  ASSERT_EQ(ended.status, 0) << ended.errors << ended.output;
  const std::string csv = world_.read("sorted.csv");
  EXPECT_THAT(csv, testing::StartsWith("id,subject,body,queue\r\n"));
  EXPECT_THAT(csv, HasSubstr("T-1,Invoice,\"It is wrong,\nagain\","));
  EXPECT_THAT(csv, testing::ContainsRegex("T-2,Login,I cannot,(billing|access)\r\n"));
}

}  // namespace
}  // namespace sluice::cli
