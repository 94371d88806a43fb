// sluice try: what goes out, what comes back, what becomes of it; and that nothing stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string completion(const std::string& content) {
  return http_reply(200, "content-type: application/json\r\n",
                    R"({"choices":[{"message":{"content":")" + content +
                        R"("},"finish_reason":"stop"}],)"
                        R"("usage":{"prompt_tokens":200,"completion_tokens":30}})");
}

class TryCommand : public testing::Test {
 protected:
  TryCommand() {
    world_.make_rows(10);
    world_.make_job(1);
  }
  World::Ended try_rows(const std::string& url, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"try", "job.lua", "--set", "base_url=" + url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  World world_;
};

TEST_F(TryCommand, ShowsEachRequestItsReplyAndTheAnswers) {
  world_.start_mock();
  const auto ended = try_rows(world_.base_url());
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("request 1 to 127.0.0.1:"));
  EXPECT_THAT(ended.output, HasSubstr(": row \"T-0\"\n  POST " + world_.base_url() +
                                      "/chat/completions\n  content-type: application/json\n"));
  EXPECT_THAT(ended.output, HasSubstr("row number 2 with some text to look at"));
  EXPECT_THAT(ended.output, Not(HasSubstr("row number 3 with")));
  EXPECT_THAT(ended.output, HasSubstr("reply 1: HTTP 200 after "));
  EXPECT_THAT(ended.output, HasSubstr("answers\n  \"T-"));
  EXPECT_THAT(ended.output, HasSubstr("    colour  "));
  EXPECT_THAT(ended.output, HasSubstr("3 rows: 3 answered\n3 requests, "));
  EXPECT_EQ(world_.mock_stats().requests, 3u);
}

// Where a format writes the user content otherwise, a trial sends what a run sends.
TEST_F(TryCommand, SendsTextsToEmbedInTheFormOfTheirEndpoint) {
  world_.start_mock();
  const std::string root = world_.base_url().substr(0, world_.base_url().rfind('/'));
  world_.write("job.lua", R"(local s = require "sluice"
local _ = s.param("base_url", "")
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.embed { text = "{{text}}", dimensions = 8 },
  s.dispatch { s.gemini { model = "gemini-embedding-001", key = "k", base_url = ")" +
                              root +
                              R"(/v1beta" } },
  s.sink { "out.jsonl" },
})");
  const auto ended = try_rows(world_.base_url());
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("3 rows: 3 answered"));
}

TEST_F(TryCommand, LeavesNothingBehind) {
  world_.start_mock();
  ASSERT_EQ(try_rows(world_.base_url()).status, 0);
  EXPECT_FALSE(world_.has_checkpoint());
  EXPECT_EQ(world_.read("out.jsonl"), "");
  // Nor of a job that has run.
  auto run = world_.run_job();
  run.insert(run.end(), {"--limit", "5"});
  ASSERT_EQ(world_.sluice(run).status, 0);
  const std::string output = world_.read("out.jsonl");
  ASSERT_EQ(try_rows(world_.base_url()).status, 0);
  EXPECT_EQ(world_.read("out.jsonl"), output);
  EXPECT_EQ(world_.status().requests, 5u);
  EXPECT_EQ(world_.mock_stats().requests, 11u);
  EXPECT_EQ(world_.sluice({"audit", "job.lua", "--set", "base_url=" + world_.base_url()}).status,
            0);
}

TEST_F(TryCommand, TellsWhyARowIsAskedAgainAndWhyItIsRejected) {
  StubServer server(
      [](const std::string&, int) { return completion(R"({\"colour\":\"pink\",\"size\":3})"); });
  const auto ended = try_rows(server.base_url(), {"--rows", "1"});
  EXPECT_EQ(ended.status, 1) << ended.output << ended.errors;
  EXPECT_EQ(server.requests(), 3);
  EXPECT_THAT(ended.output, HasSubstr("request 2 to "));
  EXPECT_THAT(ended.output, HasSubstr("  \"T-0\" again: colour must be one of"));
  EXPECT_THAT(ended.output,
              HasSubstr("  \"T-0\"  rejected (requests 1, 2, 3): bad_answer in parse\n"
                        "    colour must be one of"));
  EXPECT_THAT(ended.output, HasSubstr("1 row: 0 answered, 1 rejected\n3 requests, 600 tokens in"));
}

TEST_F(TryCommand, ARowThatIsRejectedUnaskedIsShownToo) {
  world_.write("in.jsonl", "{\"id\":\"a\"}\n{\"id\":\"b\",\"text\":\"fine\"}\n");
  world_.start_mock();
  const auto ended = try_rows(world_.base_url());
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("  \"a\"  rejected (not asked): missing_field in pack\n"));
  EXPECT_THAT(ended.output, HasSubstr("2 rows: 1 answered, 1 rejected\n1 request, "));
}

TEST_F(TryCommand, ShowsEachRowHoweverAlikeTheyFail) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "{\"id\":\"T-" + std::to_string(i) + "\"}\n";
  world_.write("in.jsonl", lines);
  const auto ended = try_rows("http://127.0.0.1:1/v1", {"--rows", "200"});
  EXPECT_EQ(ended.status, 1) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("200 rows: 0 answered, 200 rejected\n0 requests"));
}

TEST_F(TryCommand, AKeyPicksItsRow) {
  world_.write("in.jsonl",
               world_.read("in.jsonl") + "no json\n{\"id\":17,\"text\":\"the last\"}\n");
  world_.start_mock();
  const auto ended = try_rows(world_.base_url(), {"--key", "T-7"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("row number 7 with"));
  EXPECT_THAT(ended.output, HasSubstr("1 row: 1 answered\n1 request, "));
  EXPECT_THAT(try_rows(world_.base_url(), {"--key", "17"}).output, HasSubstr("the last"));
  const auto none = try_rows(world_.base_url(), {"--key", "T-99"});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.errors, HasSubstr("no row of the input has the key 'T-99'"));
}

TEST_F(TryCommand, ARefusedKeyEndsItWithTheProvidersWordsAndNoKey) {
  world_.make_job(1, "key = \"sk-very-secret-key\",");
  StubServer server([](const std::string& request, int) {
    EXPECT_THAT(request, HasSubstr("Bearer sk-very-secret-key"));
    return http_reply(401, "content-type: application/json\r\n",
                      R"({"error":{"message":"Incorrect API key: sk-very-secret-key"}})");
  });
  const auto ended = try_rows(server.base_url());
  EXPECT_EQ(ended.status, 5);
  EXPECT_THAT(ended.output, HasSubstr("reply 1: failed after "));
  EXPECT_THAT(ended.output, HasSubstr("Incorrect API key: ***"));
  EXPECT_THAT(ended.output, HasSubstr("\"T-0\"  no answer (request 1)"));
  EXPECT_THAT(ended.output + ended.errors, Not(HasSubstr("very-secret")));
  const auto json = try_rows(server.base_url(), {"--json"});
  EXPECT_THAT(json.output + json.errors, Not(HasSubstr("very-secret")));
}

TEST_F(TryCommand, TheBudgetOfTheFileHolds) {
  world_.make_rows(60);
  world_.write("job.lua", [&] {
    std::string text = world_.read("job.lua");
    text.replace(text.find("price ="), 0, "max_output_tokens = 100, ");
    return text.replace(text.find("} },\n  s.sink"), 4, "}, budget = \"$0.001\" },");
  }());
  world_.start_mock();
  auto run = world_.run_job();
  EXPECT_EQ(world_.sluice(run).status, 4);
  const std::uint64_t before = world_.mock_stats().requests;
  const auto ended = try_rows(world_.base_url());
  EXPECT_EQ(ended.status, 4) << ended.output;
  EXPECT_THAT(ended.errors, HasSubstr("stopped: "));
  EXPECT_EQ(world_.mock_stats().requests, before);
}

TEST_F(TryCommand, JsonIsEverythingAsItWasSentAndCame) {
  std::vector<std::string> sent;
  const std::string reply =
      R"({"choices":[{"message":{"content":"{\"colour\":\"red\",\"size\":3}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":30}})";
  StubServer server([&](const std::string& request, int) {
    sent.push_back(request.substr(request.find("\r\n\r\n") + 4));
    return http_reply(200, "content-type: application/json\r\n", reply);
  });
  const auto ended = try_rows(server.base_url(), {"--rows", "1", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_THAT(ended.output, HasSubstr("\"body\":" + sent[0] + ",\"status\":200"));
  EXPECT_THAT(ended.output, HasSubstr(R"("reply":"{\"choices\":[{\"message\")"));
  EXPECT_THAT(ended.output,
              HasSubstr(R"("input_tokens":200,"cached_tokens":0,"output_tokens":30)"));
  EXPECT_THAT(ended.output, HasSubstr(R"("rows":[{"row":"T-0","line":1,"exchanges":[1],)"
                                      R"("answer":{"colour":"red","size":3},"history":[]}])"));
}

// dispatch/answer_form.h: what is sent and what is shown change together.
TEST_F(TryCommand, ShowsTheFormThatAServerIsAskedInAfterItRefusedTheSchema) {
  std::vector<std::string> sent;
  StubServer server([&](const std::string& request, int) {
    sent.push_back(request.substr(request.find("\r\n\r\n") + 4));
    if (sent.back().find("json_schema") != std::string::npos)
      return http_reply(400, "content-type: application/json\r\n",
                        R"({"error":{"message":"response_format json_schema is not supported"}})");
    return completion(R"({\"colour\":\"red\",\"size\":3})");
  });
  const auto ended = try_rows(server.base_url(), {"--rows", "1", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.output << ended.errors;
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_THAT(ended.output, HasSubstr("\"body\":" + sent[0] + ",\"status\":400"));
  EXPECT_THAT(ended.output, HasSubstr("\"body\":" + sent[1] + ",\"status\":200"));
}

TEST_F(TryCommand, EqualQuestionsAreAskedOnce) {
  world_.write("in.jsonl", "{\"id\":\"a\",\"text\":\"same\"}\n{\"id\":\"b\",\"text\":\"same\"}\n");
  world_.start_mock();
  const auto ended = try_rows(world_.base_url());
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output, HasSubstr("\"b\"  answered (by the answer to an equal question)"));
  EXPECT_EQ(world_.mock_stats().requests, 1u);
}

TEST_F(TryCommand, ALaterQuestionIsAskedAboutTheAnswers) {
  world_.write("job.lua", R"lua(
local s = require "sluice"
local function ask() return s.openai { model = "mock", base_url = s.param "base_url" } end
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "green" } } },
  s.dispatch { ask() },
  s.pack { user = "Is {{colour}} right for {{text}}?", answer = { right = s.bool } },
  s.dispatch { ask() },
  s.sink { "out.jsonl" },
}
)lua");
  world_.start_mock();
  const auto ended = try_rows(world_.base_url(), {"--rows", "2"});
  ASSERT_EQ(ended.status, 0) << ended.errors << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("question 1 of 2\nrequest 1 to "));
  EXPECT_THAT(ended.output, HasSubstr("question 2 of 2\nrequest 1 to "));
  EXPECT_THAT(ended.output, HasSubstr(" right for row number 1 with some text"));
  EXPECT_THAT(ended.output, HasSubstr("4 requests, "));
  EXPECT_FALSE(world_.has_checkpoint());
}

}  // namespace
}  // namespace sluice::cli
