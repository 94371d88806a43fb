// `sluice run --log json`: its events, and errors as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <sstream>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

// Each line of `text` is an object with "event", "time" and "level"; the events' names.
std::vector<std::string> events_of(const std::string& text) {
  std::vector<std::string> events;
  std::istringstream lines(text);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(lines, line);) {
    simdjson::dom::element json;
    std::string_view event, time, level;
    EXPECT_EQ(parser.parse(line).get(json), simdjson::SUCCESS) << line;
    EXPECT_EQ(json["event"].get(event), simdjson::SUCCESS) << line;
    EXPECT_EQ(json["time"].get(time), simdjson::SUCCESS) << line;
    EXPECT_EQ(json["level"].get(level), simdjson::SUCCESS) << line;
    EXPECT_THAT(level, testing::AnyOf("info", "warning", "error"));
    EXPECT_THAT(std::string(time), testing::MatchesRegex("20[0-9]{2}-.*T.*\\.[0-9]{3}Z"));
    events.emplace_back(event);
  }
  return events;
}

TEST(LogJson, HasAStartProgressAndAnEnd) {
  World world;
  world.make_rows(20);
  world.make_job(5);
  world.start_mock();
  auto arguments = world.run_job();
  arguments.insert(arguments.end(), {"--log", "json"});
  const auto ended = world.sluice(arguments);
  EXPECT_EQ(ended.status, 0) << ended.errors;
  const auto events = events_of(ended.errors);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front(), "started");
  EXPECT_THAT(ended.errors, HasSubstr(R"("job":"job","file":"job.lua","version":")"));
  EXPECT_THAT(events_of(ended.output), testing::ElementsAre("finished"));
}

TEST(LogJson, TellsOfRowsThatShareAKey) {
  World world;
  world.write("in.jsonl",
              "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"a\",\"text\":\"two\"}\n"
              "{\"id\":\"b\",\"text\":\"two\"}\n{\"id\":\"b\",\"text\":\"two\"}\n");
  world.make_job(1);
  world.start_mock();
  auto arguments = world.run_job();
  arguments.insert(arguments.end(), {"--log", "json"});
  const auto ended = world.sluice(arguments);
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr(R"("same_keys":{"rows":1,"example":"a","complete":true})"));
}

TEST(LogJson, SaysThatAnEndpointStops) {
  World world;
  world.make_rows(20);
  world.make_job(5, "key = \"wrong\"");
  world.start_mock({"--key", "right"});
  auto arguments = world.run_job();
  arguments.insert(arguments.end(), {"--log", "json"});
  const auto ended = world.sluice(arguments);
  EXPECT_EQ(ended.status, 5);
  EXPECT_THAT(events_of(ended.errors), testing::IsSupersetOf({"started", "endpoint", "error"}));
  EXPECT_THAT(ended.errors, HasSubstr(R"("change":"stopped","message":"HTTP 401)"));
  EXPECT_THAT(ended.errors, testing::ContainsRegex(
                                R"("event":"error","time":"[^"]*","level":"error","exit":5,)"));
  EXPECT_THAT(events_of(ended.output), testing::ElementsAre("stopped"));
}

TEST(LogJson, AMistakeInThePipelineFileHasItsPlace) {
  World world;
  world.write("bad.lua", "local s = require \"sluice\"\nreturn s.pipeline {\n  nmae = \"x\",\n}\n");
  const auto ended = world.sluice({"run", "bad.lua", "--log", "json"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_EQ(ended.output, "");
  EXPECT_THAT(events_of(ended.errors), testing::ElementsAre("error"));
  EXPECT_THAT(ended.errors, HasSubstr(R"("exit":3,"message":"unknown option 'nmae' for pipeline",)"
                                      R"("file":"bad.lua","line":3,"column":3,)"));
}

}  // namespace
}  // namespace sluice::cli
