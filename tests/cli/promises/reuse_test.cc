// What is asked again when the pipeline file changes, and what another job's answers save.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kReuseRows = 200;

class Reuse : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(kReuseRows);
    world_.start_mock();
  }
  void edit_job(const std::string& from, const std::string& to) const {
    std::string job = world_.read("job.lua");
    ASSERT_NE(job.find(from), job.npos) << from;
    world_.write("job.lua", job.replace(job.find(from), from.size(), to));
  }
  // Runs the job to its end; how many rows the mock was asked for.
  std::uint64_t asked_by_run() const {
    const std::uint64_t before = world_.mock_stats().rows;
    const auto ended = world_.sluice(world_.run_job());
    EXPECT_EQ(ended.status, 0) << ended.errors;
    return world_.mock_stats().rows - before;
  }

  World world_;
};

TEST_F(Reuse, AnotherSystemPromptAsksAllAndTheOldOneNothing) {
  world_.make_job(5);
  EXPECT_EQ(asked_by_run(), kReuseRows);
  edit_job("Say the colour.", "Name the colour.");
  EXPECT_EQ(asked_by_run(), kReuseRows);
  edit_job("Name the colour.", "Say the colour.");
  EXPECT_EQ(asked_by_run(), 0U);
  EXPECT_EQ(wrong_with_output(world_, kReuseRows), "");
}

TEST_F(Reuse, AnotherSinkAsksNothing) {
  world_.make_job(5);
  EXPECT_EQ(asked_by_run(), kReuseRows);
  edit_job("\"out.jsonl\"", "\"other/rows.jsonl\", keep = \"row\"");
  EXPECT_EQ(asked_by_run(), 0U);
  EXPECT_EQ(world_.lines("other/rows.jsonl").size(), kReuseRows);
  EXPECT_EQ(wrong_with_output(world_, kReuseRows), "") << "the old output stays as it was";
}

TEST_F(Reuse, ASinkThatIsSomebodyElsesFileIsNotWrittenOver) {
  world_.make_job(5);
  EXPECT_EQ(asked_by_run(), kReuseRows);
  world_.write("precious.jsonl", "{\"mine\":1}\n");
  edit_job("\"out.jsonl\"", "\"precious.jsonl\"");
  const auto refused = world_.sluice(world_.run_job());
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.errors, testing::HasSubstr("this job did not write"));
  EXPECT_EQ(world_.read("precious.jsonl"), "{\"mine\":1}\n");
}

TEST_F(Reuse, TheSameRowsInOtherFilesAskNothingAndNewOnesOnlyThemselves) {
  world_.make_job(5);
  EXPECT_EQ(asked_by_run(), kReuseRows);
  const auto lines = world_.lines("in.jsonl");
  std::string first, second;
  for (std::size_t i = 0; i < lines.size(); ++i) (i % 3 == 0 ? first : second) += lines[i] + "\n";
  std::filesystem::remove(world_.path("in.jsonl"));
  world_.write("part-b.jsonl", first);
  world_.write("part-a.jsonl", second);
  edit_job("\"in.jsonl\"", "\"part-*.jsonl\"");
  EXPECT_EQ(asked_by_run(), 0U);
  world_.write("part-c.jsonl", "{\"id\":\"new\",\"text\":\"a new one\"}\n");
  EXPECT_EQ(asked_by_run(), 1U);
}

TEST_F(Reuse, ASecondJobInTheStoreAsksOnlyWhatTheFirstDidNot) {
  world_.make_job(5, "", "checkpoint = { share = \"store\" }");
  EXPECT_EQ(asked_by_run(), kReuseRows);
  EXPECT_TRUE(std::filesystem::exists(world_.path("store/job/checkpoint.db")));
  edit_job("name = \"job\"", "name = \"second\"");
  edit_job("\"out.jsonl\"", "\"second.jsonl\"");
  world_.make_rows(kReuseRows + 30);
  EXPECT_EQ(asked_by_run(), 30U);
  EXPECT_EQ(world_.lines("second.jsonl").size(), kReuseRows + 30);
  const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
}

}  // namespace
}  // namespace sluice::cli
