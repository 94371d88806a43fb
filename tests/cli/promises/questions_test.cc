// A job of two questions: the claims that a document makes, and each of them judged. Run, killed,
// stopped, resumed, audited and shown by the real program.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <simdjson.h>

#include <map>
#include <random>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

constexpr std::size_t kDocuments = 400;

// Every tenth document is dropped, every tenth other one rejected by map; each of the rest has one
// to four claims, as the mock makes them up, and each of these is a row of the second question.
void make_claims_job(const World& world, const std::string& limits = "",
                     const std::string& judge = "Judge.") {
  std::string rows;
  for (std::size_t i = 0; i < kDocuments; ++i) {
    rows += fmt::format("{{\"id\":\"D-{}\",\"body\":\"{} number {}\"}}\n", i,
                        i % 10 == 0   ? "empty"
                        : i % 10 == 1 ? "bad"
                                      : "document",
                        i);
  }
  world.write("in.jsonl", rows);
  world.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
local mock = s.openai {{ model = "mock", base_url = s.param "base_url", max_concurrency = 8,
                        max_output_tokens = 1000, price = {{ input = 1, output = 2 }} }}
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.keep(function(row) return not row.body:find "empty" end),
  s.map(function(row)
    if row.body:find "bad" then return nil, "a bad one" end
    row.body = row.body .. ", mapped"
    return row
  end),
  s.pack {{ user = "{{{{body}}}}", answer = {{ claims = s.list {{ s.text }} }} }},
  s.dispatch {{ mock {} }},
  s.explode(function(row)
    local out = {{}}
    for n, claim in ipairs(row.claims) do
      out[n] = {{ id = row.id, n = n, claim = claim .. " " .. row.id .. " " .. n, body = row.body }}
    end
    return out
  end),
  s.pack {{ system = "{}", user = "{{{{claim}}}}", answer = {{ right = s.bool }} }},
  s.dispatch {{ mock }},
  s.sink {{ "out.jsonl", keep = {{ "id", "n", "body" }} }},
}}
)lua",
                                     limits, judge));
}
constexpr std::size_t kAsked = kDocuments / 10 * 8;
constexpr std::size_t kRejected = kDocuments / 10;

std::vector<std::string> command(const World& world, std::string name) {
  return {std::move(name), "job.lua", "--set", "base_url=" + world.base_url()};
}

std::string whole(const World& world, std::vector<std::string> arguments) {
  const auto ended = world.sluice(std::move(arguments));
  EXPECT_EQ(ended.errors, "");
  return ended.output;
}

// Numbers in what a command prints as JSON.
class Json {
 public:
  explicit Json(const std::string& text) {
    if (parser_.parse(text).get(root_)) ADD_FAILURE() << "no JSON: " << text;
  }
  double number(const std::string& pointer) const {
    double value = -1;
    EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  }
  bool truth(const std::string& pointer) const {
    bool value = false;
    EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// Each document's claims stand in the output as often as its answer to the first question has them.
std::size_t expect_every_claim_judged_once(const World& world) {
  std::map<std::string, std::size_t> claims;  // by document
  std::size_t all = 0;
  simdjson::dom::parser parser;
  for (const std::string& line : world.lines(".sluice/job/question-1/answers.jsonl")) {
    simdjson::dom::element answer = parser.parse(line).value();
    const std::size_t count = answer["claims"].get_array().value().size();
    claims[std::string(answer["id"].get_string().value())] += count;
    all += count;
  }
  EXPECT_EQ(claims.size(), kAsked);
  std::map<std::string, std::size_t> judged;
  for (const std::string& line : world.lines("out.jsonl")) {
    simdjson::dom::element judgement = parser.parse(line).value();
    const std::string id(judgement["id"].get_string().value());
    EXPECT_THAT(judgement["body"].get_string().value(), HasSubstr(", mapped"));
    ++judged[fmt::format("{} {}", id, judgement["n"].get_int64().value())];
    --claims[id];
  }
  EXPECT_EQ(judged.size(), all) << "each claim once";
  for (const auto& [id, left] : claims) EXPECT_EQ(left, 0u) << id;
  return all;
}

void expect_proven(const World& world) {
  const auto audited = world.sluice(command(world, "audit"));
  EXPECT_EQ(audited.status, 0) << audited.output << audited.errors;
  EXPECT_THAT(audited.output, HasSubstr("question 1 of 2\njob: proven"));
  EXPECT_THAT(audited.output, HasSubstr("question 2 of 2\njob: proven"));
}

TEST(Questions, AskTheSecondAboutTheAnswersOfTheFirst) {
  World world;
  make_claims_job(world);
  world.start_mock();
  const auto ended = world.sluice(world.run_job());
  EXPECT_EQ(ended.status, 1) << "some rows were rejected in the first question" << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("question 1 of 2\njob: finished"));
  EXPECT_THAT(ended.output, HasSubstr("question 2 of 2\njob: finished"));
  const std::size_t claims = expect_every_claim_judged_once(world);
  EXPECT_GT(claims, kAsked);
  EXPECT_EQ(world.lines("out.rejects.question-1.jsonl").size(), kRejected);
  EXPECT_THAT(
      world.read("out.rejects.question-1.jsonl"),
      HasSubstr(
          R"({"key":"D-1","stage":"map","reason":"map_failed","detail":"a bad one","row":{"id":"D-1","body":"bad number 1"}})"));
  EXPECT_EQ(world.lines("out.rejects.jsonl").size(), 0u);
  EXPECT_EQ(world.mock_stats().requests, kAsked + claims);
  expect_proven(world);

  const std::string output = world.read("out.jsonl");
  EXPECT_EQ(world.sluice(world.run_job()).status, 1);
  EXPECT_EQ(world.mock_stats().requests, kAsked + claims) << "a second run asks nothing";
  EXPECT_EQ(world.read("out.jsonl"), output);

  const Json status(whole(world, {"status", "--json", "job.lua", "--set", "base_url=http://none"}));
  EXPECT_EQ(status.number("/rows/answered"), claims) << "the rows are those of the last question";
  EXPECT_EQ(status.number("/questions/0/rows/read"), kAsked + kRejected);
  EXPECT_EQ(status.number("/questions/0/rows/rejected"), kRejected);
  EXPECT_EQ(status.number("/questions/1/rows/answered"), claims);
  EXPECT_EQ(status.number("/ledger/requests"), kAsked + claims) << "the ledger is of all questions";
  EXPECT_EQ(status.number("/ledger/endpoints/0/requests"), kAsked + claims);
  EXPECT_EQ(status.number("/questions/0/ledger/requests"), kAsked);
}

TEST(Questions, AreKilledInEitherAndGoOn) {
  std::mt19937_64 random(7);
  World world;
  make_claims_job(world);
  world.start_mock({"--latency-ms", "15"});
  std::uint64_t lives = 0;
  std::optional<int> ended;
  // About a thousand requests in all: each life but the last is cut off after some of them.
  while (!ended) {
    const auto run = world.start(world.run_job());
    const std::uint64_t target = world.mock_stats().requests + 60 + random() % 200;
    run->runs_until([&] { return world.mock_stats().requests >= target; });
    if (!run->running() || ++lives > 30) {
      ended = run->wait();
      break;
    }
    run->signal(SIGKILL);
    run->wait();
    const Json status(
        whole(world, {"status", "--json", "job.lua", "--set", "base_url=http://none"}));
    for (const char* question : {"/questions/0/rows/", "/questions/1/rows/"}) {
      const std::string rows = question;
      EXPECT_EQ(status.number(rows + "read"), status.number(rows + "answered") +
                                                  status.number(rows + "rejected") +
                                                  status.number(rows + "pending"));
    }
  }
  EXPECT_EQ(ended, 1);
  const std::size_t claims = expect_every_claim_judged_once(world);
  EXPECT_EQ(world.lines("out.rejects.question-1.jsonl").size(), kRejected);
  expect_proven(world);
  const Json status(whole(world, {"status", "--json", "job.lua", "--set", "base_url=http://none"}));
  const double known = status.number("/ledger/requests");
  EXPECT_GE(known, static_cast<double>(kAsked + claims));
  EXPECT_LE(known, static_cast<double>(world.mock_stats().requests));
  EXPECT_LE(static_cast<double>(world.mock_stats().requests),
            known + status.number("/ledger/maybe_billed/requests"));
}

TEST(Questions, StopInTheFirstBeforeTheSecondAndGoOn) {
  World world;
  make_claims_job(world);
  world.start_mock({"--latency-ms", "300"});
  const auto run = world.start(world.run_job());
  world.wait_for_requests(20);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4);
  EXPECT_THAT(run->output(), HasSubstr("question 1 of 2\njob: stopped"));
  EXPECT_THAT(run->output(), testing::Not(HasSubstr("question 2")));

  const std::string status = whole(world, command(world, "status"));
  EXPECT_THAT(status, HasSubstr("question 2 of 2\njob\n  it has not begun\n"));
  const auto audited = world.sluice(command(world, "audit"));
  EXPECT_EQ(audited.status, 0) << audited.output;
  EXPECT_THAT(audited.output, HasSubstr("question 2 of 2\njob: it has not begun\n"));
  const Json json(whole(world, {"status", "--json", "job.lua", "--set", "base_url=http://none"}));
  EXPECT_EQ(json.number("/rows/read"), 0) << "of the last question, which has not begun";
  EXPECT_GT(json.number("/ledger/requests"), 0);

  world.stop_mock();
  world.start_mock();
  EXPECT_EQ(world.sluice(world.run_job()).status, 1);
  expect_every_claim_judged_once(world);
  expect_proven(world);
}

TEST(Questions, KeepTheBudgetOfTheJobTogether) {
  World world;
  make_claims_job(world, ", budget = 0.02");
  world.start_mock();
  const auto ended = world.sluice(world.run_job());
  EXPECT_EQ(ended.status, 4) << ended.output << ended.errors;
  const Json status(whole(world, {"status", "--json", "job.lua", "--set", "base_url=http://none"}));
  EXPECT_LE(status.number("/ledger/cost_usd"), 0.02);
  EXPECT_GT(status.number("/questions/1/rows/read"), 0) << "the second question had begun";
  EXPECT_GT(status.number("/questions/1/rows/pending"), 0);
}

TEST(Questions, AreRedoneAndExportedAndTheirRejectsShown) {
  World world;
  make_claims_job(world);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 1);

  const std::string rejects = whole(world, command(world, "rejects"));
  EXPECT_THAT(rejects, HasSubstr(fmt::format("question 1 of 2\njob: {} rows rejected", kRejected)));
  EXPECT_THAT(rejects, HasSubstr("question 2 of 2\njob: no rejects\n"));

  auto exporting = command(world, "export");
  exporting.insert(exporting.end(), {"--to", "claims.csv", "--columns", "id,n,claim,right"});
  EXPECT_THAT(whole(world, exporting), HasSubstr("answers written to claims.csv"));
  EXPECT_EQ(world.lines("claims.csv").size(), 1 + world.lines("out.jsonl").size());
  auto over = command(world, "export");
  over.insert(over.end(), {"--to", "in.jsonl"});
  EXPECT_EQ(world.sluice(over).status, 2) << "the first question's input is the job's own";
  EXPECT_EQ(world.lines("in.jsonl").size(), kDocuments);

  EXPECT_THAT(whole(world, command(world, "redo")),
              HasSubstr(fmt::format("question 1 of 2\njob: {} rejects taken back", kRejected)));
  const std::uint64_t asked = world.mock_stats().requests;
  EXPECT_EQ(world.sluice(world.run_job()).status, 1);
  EXPECT_EQ(world.mock_stats().requests, asked) << "map rejects them again";
  EXPECT_EQ(world.lines("out.rejects.question-1.jsonl").size(), kRejected);
  expect_proven(world);
}

TEST(Questions, TellTheirFiguresToPrograms) {
  World world;
  make_claims_job(world);
  world.start_mock();
  auto arguments = world.run_job();
  arguments.insert(arguments.end(), {"--log", "json"});
  const auto ended = world.sluice(arguments);
  EXPECT_EQ(ended.status, 1);
  const Json summary(ended.output);
  const auto claims = static_cast<double>(expect_every_claim_judged_once(world));
  EXPECT_EQ(summary.number("/rows_answered"), claims);
  EXPECT_EQ(summary.number("/requests"), kAsked + claims);
  EXPECT_EQ(summary.number("/questions/0/rows_rejected"), kRejected);
  EXPECT_EQ(summary.number("/questions/1/requests"), claims);

  auto audit = command(world, "audit");
  audit.emplace_back("--json");
  const Json audited(whole(world, audit));
  EXPECT_TRUE(audited.truth("/proven"));
  EXPECT_EQ(audited.number("/rows/input"), claims);
  EXPECT_TRUE(audited.truth("/questions/0/proven"));
  EXPECT_EQ(audited.number("/questions/0/rows/input"), kAsked + kRejected);
}

TEST(Questions, AreOneJobForASecondProcess) {
  World world;
  make_claims_job(world);
  world.start_mock();
  ASSERT_EQ(world.sluice(world.run_job()).status, 1);
  world.stop_mock();

  // The first question has its answers; the second, another one now, waits for ever.
  make_claims_job(world, "", "Judge again.");
  world.start_mock({"--hang", "1"});
  const auto run = world.start(world.run_job());
  world.wait_for_requests(1);
  // Beside the run, whose words go to files of its own.
  const auto beside = [&world](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SLUICE_PROGRAM);
    Process process(world.path(""), "beside", arguments);
    const auto status = process.wait();
    return std::pair(status, process.errors());
  };
  const auto [status, errors] = beside(world.run_job());
  EXPECT_EQ(status, 5);
  EXPECT_THAT(errors, HasSubstr("is being run by process"));
  EXPECT_EQ(beside(command(world, "redo")).first, 5) << "not of the first question either";
  EXPECT_EQ(beside(command(world, "audit")).first, 5);
  EXPECT_TRUE(run->running());
  run->signal(SIGKILL);
  run->wait();
}

}  // namespace
}  // namespace sluice::cli
