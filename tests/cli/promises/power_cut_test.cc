// The power goes at random moments: what was written and not synced is lost, kept or torn by the
// page, by chance, and so are names in folders that were not synced. The scale is set by
// SLUICE_POWER_CUTS, the seed by SLUICE_KILL_SEED.
#include <cstdio>
#include <filesystem>

#include "tests/cli/promises/durable_disk.h"
#include "tests/cli/promises/ended_job.h"

namespace sluice::cli {
namespace {

class PowerCut : public EndedJob {
 protected:
  DurableDisk disk() const {
    return {world_->path(""), {".sluice", "out.jsonl", "out.rejects.jsonl"}};
  }
  std::unique_ptr<Process> start_on_the_disk() const {
    disk().settle();
    std::vector<std::string> arguments = {"/usr/bin/env", "LD_PRELOAD=" SLUICE_UNSYNCED_WRITES,
                                          "SLUICE_DURABLE=" + disk().durable(), SLUICE_PROGRAM};
    for (const std::string& argument : world_->run_job()) arguments.push_back(argument);
    return std::make_unique<Process>(world_->path(""), "sluice", arguments);
  }
  void cut_power(std::mt19937_64& random) const {
    std::filesystem::remove(world_->path(".sluice/job/checkpoint.db-shm"));
    disk().lose_power(random);
  }
};

TEST_F(PowerCut, LosesNothingThatWasPromisedAndKnowsWhatItMayHavePaidTwice) {
#ifdef SLUICE_SANITIZED
  GTEST_SKIP() << "a sanitizer's runtime must be loaded first";
#endif
  const std::uint64_t cuts = from_environment("SLUICE_POWER_CUTS", 10);
  std::uint64_t done = 0;
  std::uint64_t most_at_once = 0;
  for (auto seed = static_cast<std::uint32_t>(from_environment("SLUICE_KILL_SEED", 1));
       done < cuts && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("SLUICE_KILL_SEED={}", seed));
    begin_job(seed, "power");
    std::mt19937_64 random(seed);
    JobStatus before;
    for (std::uint64_t cut = 0; cut < kKillsAJob && done < cuts; ++cut) {
      const std::uint64_t left = (kJobRows - before.answered) / rows_a_request_;
      const std::uint64_t step = random() % (2 * left / kKillsAJob + 1);
      if (!kill_after(step, random() % 2'000'000, start_on_the_disk())) break;
      ++done;
      cut_power(random);
      if (!world_->has_checkpoint()) {
        EXPECT_EQ(world_->mock_stats().requests, 0u) << "its intents were durable";
        continue;
      }
      const JobStatus status = settled_status();
      const std::uint64_t open = status.maybe_billed - before.maybe_billed;
      EXPECT_LE(open, 2U * kJobSlots) << "more than can have been in flight";
      hold_books(status);
      audit(false);
      most_at_once = std::max(most_at_once, open);
      before = status;
    }
    finish();
  }
  EXPECT_EQ(done, cuts);
  std::printf("%llu power cuts, %llu maybe billed at once at most\n",
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(most_at_once));
}

TEST_F(PowerCut, AnExportThatSaidSoIsThere) {
#ifdef SLUICE_SANITIZED
  GTEST_SKIP() << "a sanitizer's runtime must be loaded first";
#endif
  world_ = std::make_unique<World>();
  world_->make_rows(50);
  world_->make_job(5);
  world_->start_mock();
  ASSERT_EQ(world_->sluice(world_->run_job()).status, 0);
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {  // all lost, by chance, all kept
    std::filesystem::remove_all(world_->path("new"));
    std::filesystem::remove(world_->path("copy.jsonl"));
    const DurableDisk disk(world_->path(""), {"copy.jsonl", "new"});
    disk.settle();
    for (const char* to : {"copy.jsonl", "new/folder/copy.jsonl"}) {
      Process process(
          world_->path(""), "sluice",
          {"/usr/bin/env", "LD_PRELOAD=" SLUICE_UNSYNCED_WRITES, "SLUICE_DURABLE=" + disk.durable(),
           SLUICE_PROGRAM, "export", "job.lua", "--set", "base_url=http://none", "--to", to});
      ASSERT_EQ(process.wait(), 0) << process.errors();
    }
    std::mt19937_64 random(seed);
    disk.lose_power(random);
    EXPECT_EQ(world_->read("copy.jsonl"), world_->read("out.jsonl"));
    EXPECT_EQ(world_->read("new/folder/copy.jsonl"), world_->read("out.jsonl"));
  }
}

}  // namespace
}  // namespace sluice::cli
