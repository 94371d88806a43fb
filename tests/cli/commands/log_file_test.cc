// `sluice run --log-file`, and every line of a log against docs/log.schema.json.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "observe/events.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

// The schema lets later versions add fields; this version's lines have those that it names, and no others.
void make_strict(json& schema) {
  if (schema.is_object() && schema.contains("properties")) schema["additionalProperties"] = false;
  if (schema.is_structured())
    for (json& part : schema) make_strict(part);
}

class LogSchema {
 public:
  LogSchema() {
    std::ifstream(std::string(SLUICE_SOURCE_DIR) + "/docs/log.schema.json") >> document_;
    make_strict(document_);
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document_), schema_);
  }
  // What is wrong with `line`, or "".
  std::string wrong_with(const std::string& line) const {
    const json value = json::parse(line, nullptr, false);
    if (value.is_discarded()) return "no JSON: " + line;
    if (accepts(value)) return "";
    std::string wrong = line;
    valijson::ValidationResults results;
    valijson::Validator validator;
    validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(value), &results);
    for (valijson::ValidationResults::Error error; results.popError(error);)
      wrong += "\n  " + testing::PrintToString(error.context) + ": " + error.description;
    return wrong;
  }
  bool accepts(const json& value) const {
    valijson::Validator validator;
    return validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(value), nullptr);
  }

 private:
  json document_;
  valijson::Schema schema_;
};

std::vector<std::string> split_log(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> event_names(const std::string& text) {
  std::vector<std::string> events;
  for (const std::string& line : split_log(text)) events.push_back(json::parse(line)["event"]);
  return events;
}

class LogFile : public testing::Test {
 protected:
  LogFile() { world_.make_rows(20); }
  World::Ended run(std::vector<std::string> more = {}, const std::string& log = "run.log") {
    auto arguments = world_.run_job();
    arguments.insert(arguments.end(), {"--log-file", log});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  void expect_conforms(const std::string& text) const {
    for (const std::string& line : split_log(text)) EXPECT_EQ(schema_.wrong_with(line), "");
  }
  World world_;
  const LogSchema schema_;
};

TEST_F(LogFile, HasTheLinesOfAJsonLogAndTheSummary) {
  world_.make_job(5);
  world_.start_mock();
  const auto ended = run({"--log", "json", "--summary", "summary.json"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(world_.read("run.log"), ended.errors + ended.output);
  EXPECT_EQ(event_names(world_.read("run.log")).front(), "started");
  EXPECT_EQ(event_names(world_.read("run.log")).back(), "finished");
  expect_conforms(world_.read("run.log"));
  expect_conforms(world_.read("summary.json"));
}

TEST_F(LogFile, StandsBesideTextForPeopleAndHasRunAfterRun) {
  world_.make_job(5);
  world_.start_mock();
  const auto ended = run();
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.errors, Not(HasSubstr("\"event\"")));
  EXPECT_THAT(ended.output, testing::StartsWith("job: finished in "));
  const std::string first = world_.read("run.log");
  EXPECT_EQ(run().status, 0);
  EXPECT_THAT(world_.read("run.log"), testing::StartsWith(first));
  EXPECT_THAT(event_names(world_.read("run.log")), testing::Contains("finished").Times(2));
  expect_conforms(world_.read("run.log"));
}

TEST_F(LogFile, HasWhatGoesWrong) {
  world_.make_job(5, "key = \"wrong\"");
  world_.start_mock({"--key", "right"});
  EXPECT_EQ(run({"--summary", "summary.json"}).status, 5);
  EXPECT_THAT(event_names(world_.read("run.log")),
              IsSupersetOf({"started", "endpoint", "notice", "stopped", "error"}));
  EXPECT_THAT(world_.read("run.log"), HasSubstr(R"("level":"error","endpoint":)"));
  expect_conforms(world_.read("run.log"));
  expect_conforms(world_.read("summary.json"));
}

TEST_F(LogFile, HasTheMistakeOfAFileThatDoesNotLoad) {
  world_.write("job.lua", "return 7\n");
  EXPECT_EQ(run({"--summary", "summary.json"}).status, 3);
  EXPECT_THAT(event_names(world_.read("run.log")), ElementsAre("error"));
  expect_conforms(world_.read("run.log"));
  EXPECT_THAT(event_names(world_.read("summary.json")), ElementsAre("failed"));
  expect_conforms(world_.read("summary.json"));
}

TEST_F(LogFile, ConformsWithBudgetDeadlineRejectsFaultsAndEqualKeys) {
  world_.write("in.jsonl",
               "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"a\",\"text\":\"two\"}\n{\"id\":\"b\"}\n"
               "not json\n");
  world_.make_job(2, "rpm = 6000", "");
  std::string job = world_.read("job.lua");
  const std::size_t at = job.find("s.dispatch { ") + std::string("s.dispatch { ").size();
  job.insert(at, "budget = \"$5\", deadline = \"1h\", route = \"deadline\", ");
  world_.write("job.lua", job);
  world_.start_mock({"--latency-ms", "500"});  // so that there is a look at its progress
  const auto ended = run();
  EXPECT_EQ(ended.status, 1) << ended.errors;
  const std::string log = world_.read("run.log");
  EXPECT_THAT(log, HasSubstr(R"("budget_usd":5,)"));
  EXPECT_THAT(log, HasSubstr(R"("same_keys":{)"));
  EXPECT_THAT(log, HasSubstr(R"("dearer":{)"));
  EXPECT_THAT(log, HasSubstr(R"("reason":")"));
  expect_conforms(log);
}

TEST_F(LogFile, ProgressConformsWithAllThatItMayHave) {
  observe::View view;
  view.job = "job";
  view.phase = "running";
  view.rejects = {{.stage = "pack", .reason = "missing_field", .rows = 2, .example = "no body"}};
  view.rows_total = 100;
  view.budget = view.projected = core::Money::picodollars(5);
  view.left = view.until_deadline = std::chrono::seconds(3);
  view.batches = observe::BatchesView{.out = 1, .requests = 9, .note = "late"};
  for (const observe::Health health :
       {observe::Health::fine, observe::Health::cooling, observe::Health::probing,
        observe::Health::broken, observe::Health::stopped}) {
    observe::EndpointView& endpoint = view.endpoints.emplace_back();
    endpoint.name = "eu";
    endpoint.quota_used = endpoint.learned_per_minute = 0.5;
    endpoint.median = endpoint.tail = std::chrono::seconds(1);
    endpoint.health = health;
    endpoint.problem = observe::ProblemView{.kind = "502", .failures = 3, .message = "HTTP 502"};
  }
  expect_conforms(observe::as_json(view));
}

TEST_F(LogFile, ConformsWithSeveralQuestionsAndWhenItIsStopped) {
  world_.make_rows(500);
  world_.write("job.lua", R"lua(
local s = require "sluice"
local function ask() return s.openai { model = "mock", base_url = s.param "base_url", max_concurrency = 2,
                                       price = { input = 1, output = 2 } } end
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}" }, s.dispatch { ask() },
  s.pack { user = "{{text}} {{answer}}" }, s.dispatch { ask() },
  s.sink { "out.jsonl" },
})lua");
  world_.start_mock({"--latency-ms", "20"});
  auto arguments = world_.run_job();
  arguments.insert(arguments.end(), {"--log-file", "run.log"});
  const auto process = world_.start(arguments);
  world_.wait_for_requests(4);
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(), 4) << process->errors();
  EXPECT_EQ(run({"--limit", "20"}).status, 0);
  const std::string log = world_.read("run.log");
  EXPECT_THAT(event_names(log), IsSupersetOf({"stopped", "finished"}));
  EXPECT_THAT(log, HasSubstr(R"("questions":[{)"));
  expect_conforms(log);
}

TEST_F(LogFile, ConformsWithACascade) {
  world_.write("job.lua", R"lua(
local s = require "sluice"
local function ask(name) return s.openai { model = name, base_url = s.param "base_url", price = { input = 1, output = 2 } } end
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}", answer = { size = s.int { min = 1, max = 9 } } },
  s.dispatch { s.cascade { ask "small", ask "large", escalate = function(answer) return answer.size > 4 end } },
  s.sink { "out.jsonl" },
})lua");
  world_.start_mock();
  EXPECT_EQ(run().status, 0);
  EXPECT_THAT(world_.read("run.log"), HasSubstr(R"("cascades":[{)"));
  expect_conforms(world_.read("run.log"));
}

TEST_F(LogFile, OfABatchConforms) {
  const observe::BatchChanged batch{.endpoint = 0,
                                    .name = "job.1",
                                    .phase = "collected",
                                    .requests = 20,
                                    .rows = 40,
                                    .done = 19,
                                    .failed = 1,
                                    .cost = core::Money::picodollars(2'500'000'000),
                                    .note = "one expired"};
  expect_conforms(observe::batch_json(batch, "openai/mock:batch", core::WallTime()));
}

TEST_F(LogFile, TakesNoNameOfTheJobsFilesAndNoFileOfOthers) {
  world_.make_job(5);
  world_.start_mock();
  world_.write("notes.txt", "mine\n");
  for (const std::string name : {"job.lua", "in.jsonl", "out.jsonl", "notes.txt"}) {
    const std::string before = name == "out.jsonl" ? "" : world_.read(name);
    const auto ended = run({}, name);
    EXPECT_EQ(ended.status, 2) << name << ended.errors;
    EXPECT_THAT(ended.errors, HasSubstr("another name"));
    if (!before.empty()) {
      EXPECT_EQ(world_.read(name), before);
    }
  }
  EXPECT_EQ(run({"--summary", "run.log"}).status, 2);
  EXPECT_EQ(run({}, "no/run.log").status, 5);
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

TEST(LogSchemaItself, RefusesWhatItDoesNotName) {
  const LogSchema schema;
  json line = json::parse(observe::notice_json("a note", core::WallTime()));
  EXPECT_TRUE(schema.accepts(line));
  for (const auto& [field, value] : std::vector<std::pair<std::string, json>>{
           {"event", "unknown"}, {"time", "now"}, {"level", "bad"}, {"message", 7}, {"more", 1}}) {
    json changed = line;
    changed[field] = value;
    EXPECT_FALSE(schema.accepts(changed)) << field;
  }
  line.erase("message");
  EXPECT_FALSE(schema.accepts(line));
}

}  // namespace
}  // namespace sluice::cli
