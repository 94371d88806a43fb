// A program that may not have more memory: whatever part of it meets the limit, the run ends with
// 0, or with 5 and the cause, and the next one goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

#ifdef SLUICE_SANITIZED
constexpr bool kLimitsWork = false;  // sanitizers want terabytes of addresses
#else
constexpr bool kLimitsWork = true;
#endif

TEST(Memory, ThatIsNotEnoughEndsTheRunWithItsCauseAndLosesNothing) {
  if (!kLimitsWork) GTEST_SKIP() << "no limit on addresses under sanitizers";
  constexpr std::size_t kRows = 3000;
  World world;
  std::string rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    rows += "{\"id\":\"T-" + std::to_string(i) + "\",\"text\":\"row " + std::to_string(i) + " " +
            std::string(3000, static_cast<char>('a' + i % 26)) + "\"}\n";
  }
  world.write("in.jsonl", rows);
  world.make_job(3, "max_concurrency = 100");
  world.start_mock();
  int failed = 0;
  int finished = 0;
  // From too little for the threads to enough for the job.
  for (int mib = 48; finished < 2 && mib <= 512; mib += mib < 200 ? 8 : 64) {
    std::vector<std::string> arguments = world.run_job();
    arguments.insert(arguments.begin(), {"/bin/sh", "-c",
                                         "ulimit -c 0; ulimit -v " + std::to_string(mib * 1024) +
                                             "; exec \"$0\" \"$@\"",
                                         SLUICE_PROGRAM});
    Process run(world.path(""), "limited", arguments);
    const auto status = run.wait(std::chrono::seconds(30));
    ASSERT_TRUE(status.has_value()) << mib << " MiB: waits for ever\n" << run.errors();
    if (*status == 127) continue;  // too little for the libraries
    ASSERT_THAT(*status, testing::AnyOf(0, 5)) << mib << " MiB\n" << run.errors();
    if (*status == 5) {
      ++failed;
      EXPECT_THAT(run.errors(), testing::HasSubstr("sluice: ")) << mib << " MiB: no cause";
      continue;
    }
    ++finished;
    EXPECT_EQ(wrong_with_output(world, kRows), "") << mib << " MiB";
    std::filesystem::remove_all(world.path(".sluice"));
    std::filesystem::remove(world.path("out.jsonl"));
    std::filesystem::remove(world.path("out.rejects.jsonl"));
  }
  EXPECT_GT(failed, 3);
  EXPECT_EQ(finished, 2);
  const auto next = world.sluice(world.run_job());
  EXPECT_EQ(next.status, 0) << next.errors;
  EXPECT_EQ(wrong_with_output(world, kRows), "");
  const auto audit = world.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
}

}  // namespace
}  // namespace sluice::cli
