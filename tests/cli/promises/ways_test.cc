// One job over the same rows from every format and place, to every format and place: the same answers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/cli/promises/ended_job.h"
#include "tests/cli/world.h"
#include "tests/duckdb.h"
#include "tests/place/object_server.h"

namespace sluice::cli {
namespace {

using place::ObjectServer;
using testing::HasSubstr;

class Ways : public testing::Test {
 protected:
  Ways() {
    ::setenv("WAYS_TEST_KEYS", ObjectServer::kKeys, 1);
    world_.start_mock();
  }
  ~Ways() override { ::unsetenv("WAYS_TEST_KEYS"); }

  static bool parquet() { return find_duckdb(); }

  // `read`: what stands in s.read before its options; `sinks`: the stages that write.
  void make_job(const std::string& name, const std::string& read, const std::string& sinks) {
    world_.write(name + ".lua", fmt::format(R"lua(
local s = require "sluice"
local store = {{ endpoint = "{}", region = "eu-central-1", credentials = s.secret "WAYS_TEST_KEYS" }}
return s.pipeline {{
  name = "{}",
  s.read {{ {}, key = "id" }},
  s.pack {{ rows = 20, user = "{{{{text}}}}", answer = {{ length = s.int, colour = s.one_of {{ "red", "green" }} }} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", price = 0 }}, retries = 30 }},
  s.parse {{ retries = 8 }},
  {}
}}
)lua",
                                            server_.url(), name, read, sinks));
  }
  std::vector<std::string> of(const std::string& command, const std::string& job) const {
    return {command, job + ".lua", "--set", "base_url=" + world_.base_url()};
  }
  World::Ended run(const std::string& job) const { return world_.sluice(of("run", job)); }
  // Answers in the order of their keys, as JSON lines.
  std::vector<std::string> answers(const std::string& file) const {
    std::vector<std::string> lines = world_.lines(file);
    std::ranges::sort(lines);
    return lines;
  }

  ObjectServer server_;
  World world_;
};

// SLUICE_WAYS_ROWS rows, killed SLUICE_KILLS times. Into all of them at once, then from each into JSON lines.
TEST_F(Ways, InAndOutGiveTheSameAnswers) {
  const std::size_t count = from_environment("SLUICE_WAYS_ROWS", 1200);
  const std::uint64_t kills = from_environment("SLUICE_KILLS", at_scale(6, 3));
  std::string rows;
  for (std::size_t i = 0; i < count; ++i)
    rows += fmt::format("{{\"id\":\"T-{:05}\",\"text\":\"row {}: \\\"quoted\\\", a;b\\tc\\nµ\"}}\n",
                        i, i);
  world_.write("in.jsonl", rows);
  std::vector<std::pair<std::string, std::string>> ways = {
      {R"("w/a.jsonl")", ""},
      {R"("w/a.csv")", ""},
      {R"("w/a.tsv")", ""},
      {R"("w/a.json")", ""},
      {R"("w/a.csv.gz")", ""},
      {R"("w/a.jsonl.zst")", ""},
      {R"("s3://rows/a.csv")", "s3 = store, "},
      {R"("s3://rows/a.json.gz")", "s3 = store, "},
      {R"(s.sqlite { "w/a.db", table = "a" })", ""}};
  if (parquet()) {
    ways.emplace_back(R"("w/a.parquet")", "");
    ways.emplace_back(R"("s3://rows/a.parquet")", "s3 = store, ");
  }
  std::string sinks;
  for (const auto& [way, options] : ways)
    sinks += fmt::format("  s.sink {{ {}, {}keep = \"row\" }},\n", way, options);
  make_job("out", R"("in.jsonl")", sinks);
  std::mt19937 random(5);
  for (std::uint64_t kill = 1; kill <= kills; ++kill) {
    const auto process = world_.start(of("run", "out"));
    process->runs_until([&] {
      return world_.mock_stats().requests >= kill * (count / 20 / (kills + 1)) + random() % 5;
    });
    process->signal(SIGKILL);
    process->wait();
  }
  const auto out = run("out");
  ASSERT_EQ(out.status, 0) << out.errors;
  const auto audit = world_.sluice(of("audit", "out"));
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;

  std::vector<std::string> expected;
  std::size_t number = 0;
  for (const auto& [way, options] : ways) {
    SCOPED_TRACE(way);
    const std::string name = fmt::format("in-{}", ++number);
    // The answers of `out` are columns of the input here, and are kept as what they are.
    make_job(name, way + (options.empty() ? "" : ", s3 = store"),
             fmt::format("s.sink {{ \"{}.jsonl\", keep = {{ \"id\", \"text\" }} }},", name));
    const auto ended = run(name);
    ASSERT_EQ(ended.status, 0) << ended.errors;
    const std::vector<std::string> got = answers(name + ".jsonl");
    ASSERT_EQ(got.size(), count);
    if (expected.empty()) expected = got;
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(got[i], expected[i]);
  }
}

}  // namespace
}  // namespace sluice::cli
