// The same job through each wire format: the same output, and the books are the server's.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kRowsAsked = 200;

struct Format {
  const char* name;
  const char* endpoint;  // its constructor and options; {0}: the mock's address without a path
};

constexpr Format kFormats[] = {
    {"chat",
     R"(s.openai {{ model = "gpt-5.4-mini", key = "key-of-the-mock", base_url = "{0}/v1" }})"},
    {"responses", R"(s.openai {{ model = "gpt-5.4-mini", key = "key-of-the-mock", api = "responses",
                                base_url = "{0}/v1" }})"},
    {"messages",
     R"(s.anthropic {{ model = "claude-haiku-4-5", key = "key-of-the-mock", base_url = "{0}" }})"},
    {"messages_cached", R"(s.anthropic {{ model = "claude-haiku-4-5", key = "key-of-the-mock",
                                        cache = "1h", base_url = "{0}" }})"},
    {"messages_fast",
     R"(s.anthropic {{ model = "claude-opus-5", key = "key-of-the-mock", tiers = {{ "fast" }}, base_url = "{0}" }})"},
    {"gemini",
     R"(s.gemini {{ model = "gemini-2.5-flash", key = "key-of-the-mock", base_url = "{0}/v1beta" }})"},
    {"vertex", R"(s.vertex {{ model = "gemini-2.5-flash", key = "key-of-the-mock", project = "p",
                             base_url = "{0}/v1" }})"},
    {"vertex_claude",
     R"(s.vertex {{ model = "claude-haiku-4-5@20251001", key = "key-of-the-mock", project = "p",
                                    region = "europe-west1", cache = "5m", base_url = "{0}/v1" }})"},
    {"bedrock",
     R"(s.bedrock {{ model = "amazon.nova-lite-v1:0", key = "key-of-the-mock", base_url = "{0}" }})"},
    {"bedrock_cached",
     R"(s.bedrock {{ model = "us.anthropic.claude-haiku-4-5-20251001-v1:0", cache = "1h",
                                     key = "key-of-the-mock", base_url = "{0}" }})"},
    {"bedrock_signed", R"(s.bedrock {{ model = "amazon.nova-lite-v1:0", region = "us-east-1",
                                     credentials = "AKIDEXAMPLE:secret-of-the-mock", base_url = "{0}" }})"},
    {"azure",
     R"(s.azure {{ model = "deployment", key = "key-of-the-mock", base_url = "{0}/openai/v1" }})"},
    {"azure_deployments", R"(s.azure {{ model = "deployment", key = "key-of-the-mock",
                                      api_version = "2024-10-21", base_url = "{0}/openai" }})"},
    {"mistral",
     R"(s.mistral {{ model = "mistral-small-latest", key = "key-of-the-mock", base_url = "{0}/v1" }})"},
};

class EveryFormat : public testing::TestWithParam<Format> {};

// Runs the job against a mock that bills parts of each prompt as cached, and more output than the text.
std::string output_of(const Format& format) {
  World world;
  world.make_rows(kRowsAsked);
  world.start_mock({"--key", "key-of-the-mock", "--aws-key", "AKIDEXAMPLE:secret-of-the-mock",
                    "--cached-share", "0.3", "--output-tokens", "200:0.5"});
  const std::string root = world.base_url().substr(0, world.base_url().rfind('/'));
  world.write("job.lua",
              R"(local s = require "sluice"
local _ = s.param("base_url", "")
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { rows = 4, system = "Sort it.", user = "{{text}}",
           answer = { colour = s.one_of { "red", "green", "blue" }, big = s.bool } },
  s.dispatch { )" +
                  fmt::format(fmt::runtime(format.endpoint), root) +
                  R"( },
  s.sink { "out.jsonl" },
})");
  const auto ended = world.sluice({"run", "job.lua"});
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  EXPECT_EQ(wrong_with_output(world, kRowsAsked), "");
  const JobStatus ledger = world.status();
  const MockStats billed = world.mock_stats();
  EXPECT_EQ(ledger.answered_requests, billed.answered);
  EXPECT_EQ(ledger.input_tokens, billed.input_tokens);
  EXPECT_EQ(ledger.output_tokens, billed.output_tokens);
  std::vector<std::string> lines = world.lines("out.jsonl");
  std::ranges::sort(lines);
  return fmt::format("{}", fmt::join(lines, "\n"));
}

TEST_P(EveryFormat, GivesTheSameAnswersAndTheServersBooks) {
  static const std::string chat = output_of(kFormats[0]);
  EXPECT_EQ(output_of(GetParam()), chat);
}

INSTANTIATE_TEST_SUITE_P(Dialects, EveryFormat, testing::ValuesIn(kFormats),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sluice::cli
