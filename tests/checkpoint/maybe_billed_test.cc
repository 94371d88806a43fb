// What a crash may leave billed without an answer: its tokens, and its bound (checkpoint.h,
// invariant 3).
#include "support.h"

namespace sluice::checkpoint {
namespace {

class MaybeBilledTest : public testing::Test {
 protected:
  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(MaybeBilledTest, TheTokensOfWhatMayHaveBeenBilledAreBookedAtMost) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  intend_now(*c, {{.attempt = 1,
                   .endpoint = 0,
                   .worst_cost = dollars(2),
                   .worst_usage = {.input = 30, .output = 40}},
                  {.attempt = 2,
                   .endpoint = 0,
                   .worst_cost = dollars(1),
                   .worst_usage = {.input = 300, .output = 400}}});
  commit_now(*c, {},
             {{.attempt = 2,
               .endpoint = 0,
               .billing = provider::Billing::possible,
               .usage = {.input = 300, .output = 400},
               .cost = dollars(1)}});
  EXPECT_EQ(c->account().total().maybe_billed_usage,
            (provider::Usage{.input = 300, .output = 400}));
  EXPECT_EQ(c->account().total().usage, provider::Usage());
  c.reset();  // a crash
  c = open_checkpoint(options_for(scratch_), projection_);
  EXPECT_EQ(c->account().total().maybe_billed_usage,
            (provider::Usage{.input = 330, .output = 440}));
  EXPECT_EQ(c->account().total().maybe_billed_cost, dollars(3));
  EXPECT_TRUE(c->close().has_value());
}

TEST_F(MaybeBilledTest, ResultsHandedOverBeforeAnIntentAreNeverCommittedAfterIt) {
  auto c = open_checkpoint(options_for(scratch_), projection_);
  // Two attempts in flight at most: each intent comes after the settlement of the last but one.
  for (std::uint64_t attempt = 1; attempt <= 200; ++attempt) {
    if (attempt > 2) c->commit({{settled(attempt - 2, 0, 1)}, {}}, [] {});
    intend_now(*c, {{.attempt = attempt, .endpoint = 0, .worst_cost = dollars(1)}});
    const auto account = read_account(scratch_.job());
    ASSERT_TRUE(account.has_value());
    EXPECT_GE(account->total().attempts + 2, attempt);
  }
  EXPECT_TRUE(c->close().has_value());
}

}  // namespace
}  // namespace sluice::checkpoint
