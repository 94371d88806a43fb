// Several sinks of one job: each has every answer once, in its own format, whatever was killed when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/promises/ended_job.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSinks = R"(
  s.sink { "whole/out.json", keep = "row" },
  s.sink { "whole/out.csv.gz" },
)";

class Sinks : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(kRows);
    world_.make_job(5, "", std::string(kSinks));
    world_.start_mock();
  }
  World::Ended run() const { return world_.sluice(world_.run_job()); }
  World::Ended audit() const {
    return world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  }
  std::vector<std::string> inflated(const std::string& name) const {
    Process gzip(world_.path(""), "gzip", {"/usr/bin/env", "gzip", "-dc", name});
    EXPECT_EQ(gzip.wait(), 0) << gzip.errors();
    std::vector<std::string> lines;
    std::istringstream text(gzip.output());
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  // Each of the three has the answer of every row, and the same one.
  void expect_all(std::size_t rows) const {
    std::vector<std::string> lines = world_.lines("out.jsonl");
    std::vector<std::string> csv = inflated("whole/out.csv.gz");
    std::vector<std::string> json = world_.lines("whole/out.json");
    ASSERT_EQ(lines.size(), rows);
    ASSERT_EQ(csv.size(), rows + 1);
    ASSERT_EQ(json.size(), rows + 2);
    EXPECT_EQ(csv[0], "id,colour,size\r");
    for (std::size_t i = 0; i < rows; ++i) {
      const std::string id = lines[i].substr(0, lines[i].find(','));  // {"id":"T-3"
      EXPECT_EQ(csv[i + 1].substr(0, csv[i + 1].find(',')), id.substr(7, id.size() - 8));
      EXPECT_TRUE(json[i + 1].starts_with(id + ",\"text\":")) << json[i + 1];
      const std::string answer = lines[i].substr(lines[i].find("\"colour\""));
      EXPECT_THAT(json[i + 1], HasSubstr(answer));
    }
  }
  static constexpr std::size_t kRows = 400;
  World world_;
};

TEST_F(Sinks, EachHaveEveryAnswerInTheirOwnFormat) {
  const auto ended = run();
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, HasSubstr("whole/out.csv.gz: 400 rows\n"));
  expect_all(kRows);
  EXPECT_THAT(audit().output, HasSubstr("sink       whole/out.json: 400 rows"));
  EXPECT_THAT(run().output, HasSubstr("whole/out.csv.gz: 400 rows, as before"));
}

TEST_F(Sinks, FollowTheInputAsItIs) {
  ASSERT_EQ(run().status, 0);
  std::vector<std::string> rows = world_.lines("in.jsonl");
  rows.erase(rows.begin(), rows.begin() + 100);
  rows[3].insert(rows[3].rfind('"'), " and more");
  std::string text;
  for (const std::string& row : rows) text += row + "\n";
  world_.write("in.jsonl", text);
  ASSERT_EQ(run().status, 0);
  expect_all(kRows - 100);
  EXPECT_EQ(audit().status, 0);
}

TEST_F(Sinks, ThatAPersonChangedAreNotWrittenOver) {
  ASSERT_EQ(run().status, 0);
  world_.write("whole/out.json", "[{\"mine\":1}]\n");
  const auto refused = run();
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.errors, HasSubstr("whole/out.json: was changed since this job wrote it"));
  const auto audited = audit();
  EXPECT_EQ(audited.status, 1);
  EXPECT_THAT(audited.output, HasSubstr("whole/out.json: was changed since this job wrote it"));
  std::filesystem::rename(world_.path("whole/out.json"), world_.path("mine.json"));
  ASSERT_EQ(run().status, 0);
  expect_all(kRows);
}

TEST_F(Sinks, SayBeforeAnythingIsAskedThatTheyCannotBe) {
  std::filesystem::create_directory(world_.path("whole"));
  world_.write("whole/out.json", "[]\n");
  const auto refused = run();
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.errors, HasSubstr("this job did not write it"));
  EXPECT_EQ(world_.mock_stats().requests, 0u);
}

class KilledSinks : public EndedJob {};

TEST_F(KilledSinks, AreWholeOrNotThereAndWholeInTheEnd) {
  const std::uint64_t kills = from_environment("SLUICE_KILLS", at_scale(10, 4));
  begin_job(7, "process", std::string(kSinks));
  std::mt19937_64 random(7);
  const auto expect_whole_or_none = [&] {
    if (std::filesystem::exists(world_->path("whole/out.json"))) {
      EXPECT_TRUE(world_->read("whole/out.json").ends_with("\n]\n")) << "half a file can be seen";
    }
  };
  // While rows are asked.
  for (std::uint64_t kill = 0; kill < kills / 2; ++kill) {
    if (!kill_after(random() % 60, random() % 400'000, world_->start(world_->run_job()))) break;
    expect_whole_or_none();
  }
  finish();
  // While the sinks are written.
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    std::filesystem::remove(world_->path("whole/out.json"));
    kill_after(0, random() % 60'000'000, world_->start(world_->run_job()));
    expect_whole_or_none();
  }
  finish();
  EXPECT_EQ(world_->lines("whole/out.json").size(), world_->lines("out.jsonl").size() + 2);
}

}  // namespace
}  // namespace sluice::cli
