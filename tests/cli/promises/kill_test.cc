// kill -9 at random moments. The scale is set by SLUICE_KILLS, the seed by
// SLUICE_KILL_SEED; the defaults are for every day.
#include <cstdio>

#include "tests/cli/promises/ended_job.h"

namespace sluice::cli {
namespace {

struct KillTotals {
  std::uint64_t kills = 0, served = 0, maybe_billed = 0, most_at_once = 0;
};

class Kill : public EndedJob {
 protected:
  static std::uint32_t first_seed() {
    return static_cast<std::uint32_t>(from_environment("SLUICE_KILL_SEED", 1));
  }
};

TEST_F(Kill, LosesNothingTearsNothingAndKnowsWhatItMayHavePaidTwice) {
  const std::uint64_t kills = from_environment("SLUICE_KILLS", at_scale(10, 5));
  KillTotals totals;
  for (std::uint32_t seed = first_seed(); totals.kills < kills && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("SLUICE_KILL_SEED={}", seed));
    begin_job(seed, seed % 2 == 0 ? "power" : "process");
    std::mt19937_64 random(seed);
    JobStatus before;
    for (std::uint64_t kill = 0; kill < kKillsAJob && totals.kills < kills; ++kill) {
      const std::uint64_t left = (kJobRows - before.answered) / rows_a_request_;
      const std::uint64_t step = random() % (2 * left / kKillsAJob + 1);
      if (!kill_after(step, random() % 2'000'000, world_->start(world_->run_job()))) break;
      ++totals.kills;
      if (!world_->has_checkpoint()) continue;  // killed before the job was there
      audit(false);
      const JobStatus status = settled_status();
      EXPECT_EQ(status.read, status.answered + status.rejected + status.pending);
      EXPECT_GE(status.answered, before.answered) << "an answer that was committed is gone";
      EXPECT_EQ(status.in_flight, 0U) << "nobody has the job";
      const std::uint64_t open = status.maybe_billed - before.maybe_billed;
      EXPECT_LE(open, 2U * kJobSlots) << "more than can have been in flight";
      hold_books(status);
      totals.most_at_once = std::max(totals.most_at_once, open);
      before = status;
    }
    totals.maybe_billed += finish().maybe_billed;
    totals.served += world_->mock_stats().requests;
  }
  EXPECT_EQ(totals.kills, kills);
  std::printf("%llu kills: %llu requests served, %llu maybe billed, %llu at once at most\n",
              static_cast<unsigned long long>(totals.kills),
              static_cast<unsigned long long>(totals.served),
              static_cast<unsigned long long>(totals.maybe_billed),
              static_cast<unsigned long long>(totals.most_at_once));
}

TEST_F(Kill, WithoutOneTheBooksAreEqual) {
  begin_job(first_seed(), "power");
  const JobStatus status = finish();
  const MockStats mock = world_->mock_stats();
  EXPECT_EQ(status.maybe_billed, 0U);
  EXPECT_EQ(status.requests, mock.requests);
  EXPECT_EQ(status.input_tokens, mock.input_tokens);
  EXPECT_EQ(status.output_tokens, mock.output_tokens);
}

}  // namespace
}  // namespace sluice::cli
