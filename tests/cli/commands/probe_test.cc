// sluice probe: each endpoint is asked once, what it says is shown with advice, and nothing stays.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "tests/cli/stub_server.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kJson = "content-type: application/json\r\n";

class ProbeCommand : public testing::Test {
 protected:
  ProbeCommand() {
    world_.make_rows(10);
    world_.make_job(1);
  }
  World::Ended probe(const std::string& url, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"probe", "job.lua", "--set", "base_url=" + url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  // Of a server that answers every request so.
  World::Ended probe_error(int status, const std::string& body, const char* headers = kJson) {
    StubServer server([=](const std::string&, int) { return http_reply(status, headers, body); });
    const auto ended = probe(server.base_url());
    EXPECT_EQ(server.requests(), 1) << "nothing is tried again";
    EXPECT_EQ(ended.status, 1) << ended.output << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr("  FAILED  "));
    EXPECT_THAT(ended.output, HasSubstr("\n0 of 1 endpoint answered"));
    // Broken lines as one.
    std::istringstream lines(ended.output);
    std::string joined;
    for (std::string line; std::getline(lines, line);)
      joined += line.substr(std::min(line.size(), line.find_first_not_of(' '))) + ' ';
    return {ended.status, joined, ended.errors};
  }
  World world_;
};

TEST_F(ProbeCommand, AsksAnEndpointOnceAndShowsWhatItSays) {
  world_.start_mock({"--rpm", "30000"});
  const auto ended = probe(world_.base_url());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output,
              testing::StartsWith("1 endpoint of job 'job', one request each: at most $0."));
  EXPECT_THAT(ended.output,
              HasSubstr("\n  asked with the row \"T-0\" of in.jsonl\n\n  127.0.0.1:"));
  EXPECT_THAT(ended.output, testing::ContainsRegex("/mock  ok       [0-9.]+ s  [0-9]+ in \\+ "
                                                   "[0-9]+ out tokens  \\$0\\.[0-9]+\n"
                                                   "    takes the JSON schema\n"
                                                   "    limits: 30,000 requests/min"));
  EXPECT_THAT(ended.output, testing::ContainsRegex("\n1 of 1 endpoint answered, for \\$0[.0-9]+; "
                                                   "nothing was kept\n$"));
  EXPECT_EQ(world_.mock_stats().requests, 1u);
}

TEST_F(ProbeCommand, LeavesNothingBehind) {
  world_.start_mock();
  ASSERT_EQ(probe(world_.base_url()).status, 0);
  EXPECT_FALSE(world_.has_checkpoint());
  EXPECT_FALSE(std::filesystem::exists(world_.path("out.jsonl")));
  auto run = world_.run_job();
  run.insert(run.end(), {"--limit", "5"});
  ASSERT_EQ(world_.sluice(run).status, 0);
  const std::string output = world_.read("out.jsonl");
  ASSERT_EQ(probe(world_.base_url()).status, 0);
  EXPECT_EQ(world_.read("out.jsonl"), output);
  EXPECT_EQ(world_.status().requests, 5u);
  EXPECT_EQ(world_.mock_stats().requests, 7u);
}

TEST_F(ProbeCommand, AdvisesByTheCauseOfAFailure) {
  const auto error = [](const std::string& code) {
    return R"({"error":{"message":"No.","code":")" + code + R"("}})";
  };
  EXPECT_THAT(probe_error(401, error("invalid_api_key")).output,
              HasSubstr("HTTP 401 (invalid_api_key): No. no key is sent: write key = s.secret"));
  EXPECT_THAT(probe_error(403, error("PERMISSION_DENIED")).output,
              HasSubstr("may its project use this model"));
  EXPECT_THAT(probe_error(404, error("model_not_found")).output,
              HasSubstr("is model = \"mock\" what the service calls it"));
  EXPECT_THAT(probe_error(402, error("x")).output, HasSubstr("has no credit: add some"));
  EXPECT_THAT(probe_error(400, error("x")).output, HasSubstr("says what it does not take"));
  EXPECT_THAT(probe_error(500, error("x")).output, HasSubstr("the service's own failure"));
  EXPECT_THAT(
      probe_error(429, error("x"), "content-type: application/json\r\nretry-after: 600\r\n").output,
      HasSubstr("others use up the rate now"));
  EXPECT_THAT(
      probe_error(200, "<html><title>Welcome</title></html>", "content-type: text/html\r\n").output,
      HasSubstr("is this the API? Asked was http://127.0.0.1:"));
}

TEST_F(ProbeCommand, AServerThatIsNotThereIsFoundAtOnce) {
  const auto ended = probe("http://127.0.0.1:1/v1");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("cannot connect to 127.0.0.1:1"));
  EXPECT_THAT(ended.output, HasSubstr("are host and port right"));
}

TEST_F(ProbeCommand, AsksInTheNextFormWhereTheServerTakesNoSchema) {
  StubServer server([](const std::string& request, int) {
    if (request.find("json_schema") == request.npos) return good_answer();
    return http_reply(400, kJson, R"({"error":{"message":"response_format is not supported"}})");
  });
  const auto ended = probe(server.base_url());
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_EQ(server.requests(), 2);
  EXPECT_THAT(ended.output, HasSubstr("    does not take json_schema (HTTP 400: response_format"));
  EXPECT_THAT(ended.output, HasSubstr("structured = \"json_object\""));
  EXPECT_THAT(probe(server.base_url(), {"--json"}).output,
              HasSubstr(R"("structured":"json_object")"));
}

TEST_F(ProbeCommand, EndpointsAreIndependentAndTheKeyIsNeverShown) {
  world_.start_mock();
  StubServer refuses([](const std::string& request, int) {
    EXPECT_THAT(request, HasSubstr("Bearer sk-very-secret-key"));
    return http_reply(401, kJson,
                      R"({"error":{"message":"Incorrect API key provided: sk-very-secret-key"}})");
  });
  world_.make_job(1, fmt::format(R"(}}, s.openai {{ model = "m", name = "refuses", price = 0,
                                    base_url = "{}", key = "sk-very-secret-key")",
                                 refuses.base_url()));
  const auto ended = probe(world_.base_url());
  EXPECT_EQ(ended.status, 1) << ended.errors;
  EXPECT_THAT(ended.output, testing::ContainsRegex("/mock  ok "));
  EXPECT_THAT(ended.output, testing::ContainsRegex("\n  refuses +FAILED "));
  EXPECT_THAT(ended.output, HasSubstr("is the key whole, still valid"));
  EXPECT_THAT(ended.output, HasSubstr("\n1 of 2 endpoints answered"));
  const auto json = probe(world_.base_url(), {"--json"});
  EXPECT_EQ(json.status, 1);
  EXPECT_THAT(json.output, HasSubstr(R"("row":"T-0","endpoints":[{"endpoint":")"));
  EXPECT_THAT(json.output, HasSubstr(R"("cause":"auth","message":"HTTP 401)"));
  for (const auto& shown : {ended, json})
    EXPECT_THAT(shown.output + shown.errors, Not(HasSubstr("very-secret")));
}

TEST_F(ProbeCommand, AnAnswerThatDoesNotFitIsSaidOfAnEndpointThatIsFine) {
  world_.start_mock({"--garble", "1"});
  const auto ended = probe(world_.base_url());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("    but its answer does not fit: "));
  EXPECT_EQ(world_.mock_stats().requests, 1u);
}

TEST_F(ProbeCommand, TakesTheFirstRowThatWouldBeAskedOrSaysThatThereIsNone) {
  world_.start_mock();
  world_.write("in.jsonl", "{\"id\":\"a\"}\n{\"id\":\"b\",\"text\":\"fine\"}\n");
  EXPECT_THAT(probe(world_.base_url()).output, HasSubstr("asked with the row \"b\" of in.jsonl\n"));
  std::filesystem::remove(world_.path("in.jsonl"));
  const auto none = probe(world_.base_url());
  EXPECT_EQ(none.status, 0) << none.errors;
  EXPECT_THAT(none.output, HasSubstr("asked with the word \"probe\" in place of a row: 'in.jsonl' "
                                     "is not there\n"));
}

TEST_F(ProbeCommand, TheBudgetOfTheFileHolds) {
  world_.make_rows(60);
  world_.write("job.lua", [&] {
    std::string text = world_.read("job.lua");
    text.replace(text.find("price ="), 0, "max_output_tokens = 100, ");
    return text.replace(text.find("} },\n  s.sink"), 4, "}, budget = \"$0.001\" },");
  }());
  world_.start_mock();
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 4);
  const std::uint64_t before = world_.mock_stats().requests;
  const auto ended = probe(world_.base_url());
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("    not asked: "));
  EXPECT_THAT(ended.output, HasSubstr("budget"));
  EXPECT_EQ(world_.mock_stats().requests, before);
}

TEST_F(ProbeCommand, LaterQuestionsAreAskedWithTheirOwnRequest) {
  world_.start_mock();
  world_.make_job(1, "", R"(
  s.pack { user = "Why {{colour}}?" },
  s.dispatch { s.openai { model = "later", name = "second", price = 0, base_url = s.param "base_url" } },
  s.sink { "out.jsonl" },)");
  std::string text = world_.read("job.lua");
  const std::string sink = "  s.sink { \"out.jsonl\" },\n";
  world_.write("job.lua", text.erase(text.find(sink), sink.size()));
  const auto ended = probe(world_.base_url());
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("    answers in free text\n"));
  EXPECT_THAT(ended.output, HasSubstr("with the request of question 2 of 2, about the same row\n"));
  EXPECT_EQ(world_.mock_stats().requests, 2u);
}

TEST_F(ProbeCommand, AFileThatDoesNotCheckSendsNothing) {
  world_.write("job.lua", "return 1");
  EXPECT_EQ(probe("http://127.0.0.1:1/v1").status, 3);
}

}  // namespace
}  // namespace sluice::cli
