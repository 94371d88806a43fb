// Rows and money: what the ledger counts, in the run, after it, and beside it.
#include <gtest/gtest.h>

#include "support.h"

namespace sluice::checkpoint {
namespace {

class AccountTest : public testing::Test {
 protected:
  std::unique_ptr<Checkpoint> open() { return open_checkpoint(options_for(scratch_), projection_); }
  store::Account stored() {
    const auto account = read_account(scratch_.job());
    EXPECT_TRUE(account.has_value()) << account.error().text();
    return account.value_or(store::Account());
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

void expect_equal(const store::Account& a, const store::Account& b) {
  EXPECT_EQ(a.rows_read, b.rows_read);
  EXPECT_EQ(a.rows_answered, b.rows_answered);
  EXPECT_EQ(a.rows_rejected, b.rows_rejected);
  EXPECT_EQ(a.input_complete, b.input_complete);
  ASSERT_EQ(a.endpoints.size(), b.endpoints.size());
  for (std::size_t i = 0; i < a.endpoints.size(); ++i) {
    const store::EndpointLedger& x = a.endpoints[i];
    const store::EndpointLedger& y = b.endpoints[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.attempts, y.attempts);
    EXPECT_EQ(x.answered, y.answered);
    EXPECT_EQ(x.failed, y.failed);
    EXPECT_EQ(x.usage, y.usage);
    EXPECT_EQ(x.cost, y.cost);
    EXPECT_EQ(x.maybe_billed, y.maybe_billed);
    EXPECT_EQ(x.maybe_billed_cost, y.maybe_billed_cost);
    EXPECT_EQ(x.failed_usage, y.failed_usage);
    EXPECT_EQ(x.failed_cost, y.failed_cost);
    EXPECT_EQ(x.charged, y.charged);
    EXPECT_EQ(x.charged_cost, y.charged_cost);
    EXPECT_EQ(x.estimated_cost, y.estimated_cost);
  }
}

TEST_F(AccountTest, CountsEveryKindOfSettlementAtItsEndpoint) {
  auto c = open();
  intend_now(*c, {{1, 0, dollars(1)}, {2, 0, dollars(1)}, {3, 1, dollars(1)}, {4, 1, dollars(1)}});
  store::Settlement failed_and_billed = settled(2, 0, 0.25);
  failed_and_billed.answered = false;
  const store::Settlement lost{.attempt = 3,
                               .endpoint = 1,
                               .billing = provider::Billing::possible,
                               .usage = {},
                               .cost = dollars(0.75)};
  const store::Settlement refused{.attempt = 4, .endpoint = 1, .usage = {}, .cost = {}};
  commit_now(*c, {answer("a"), reject("b")},
             {settled(1, 0, 0.5), failed_and_billed, lost, refused});
  c->set_rows_read(10, false);

  store::Account expected{.rows_read = 10, .rows_answered = 1, .rows_rejected = 1, .endpoints = {}};
  expected.endpoints = {{.name = "east",
                         .attempts = 2,
                         .answered = 1,
                         .failed = 1,
                         .usage = {.input = 200, .cached_input = 20, .output = 40, .reasoning = 10},
                         .cost = dollars(0.75),
                         .maybe_billed_cost = {},
                         .failed_usage = failed_and_billed.usage,
                         .failed_cost = dollars(0.25)},
                        {.name = "west",
                         .attempts = 2,
                         .failed = 2,
                         .usage = {},
                         .cost = {},
                         .maybe_billed = 1,
                         .maybe_billed_cost = dollars(0.75)}};
  expect_equal(c->account(), expected);
  EXPECT_EQ(expected.rows_pending(), 8U);
  ASSERT_TRUE(c->close().has_value());
  expect_equal(stored(), expected);
  EXPECT_EQ(stored().total().attempts, 4U);
  EXPECT_EQ(stored().total().cost, dollars(0.75));
  EXPECT_EQ(stored().total().maybe_billed, 1U);
}

TEST_F(AccountTest, KeepsAGatewaysChargeAndOurEstimateBesideIt) {
  auto c = open();
  store::Settlement charged = settled(1, 0, 0.5);
  charged.charged = dollars(0.5);
  charged.estimate = dollars(0.375);
  store::Settlement estimated = settled(2, 0, 0.25);
  estimated.estimate = dollars(0.25);
  store::Settlement failed = settled(3, 1, 0.125);
  failed.answered = false;
  failed.charged = dollars(0.125);
  commit_now(*c, {answer("a")}, {charged, estimated, failed});
  ASSERT_TRUE(c->close().has_value());

  const store::Account account = stored();
  const store::EndpointLedger& east = account.endpoints[0];
  EXPECT_EQ(east.cost, dollars(0.75)) << "the charge where there is one, else the estimate";
  EXPECT_EQ(east.charged, 1U);
  EXPECT_EQ(east.charged_cost, dollars(0.5));
  EXPECT_EQ(east.estimated_cost, dollars(0.625));
  const store::EndpointLedger total = account.total();
  EXPECT_EQ(total.charged, 2U);
  EXPECT_EQ(total.charged_cost, dollars(0.625));
  EXPECT_EQ(total.estimated_cost, dollars(0.625));
  EXPECT_EQ(total.failed_cost, dollars(0.125));
  EXPECT_EQ(total.failed_usage, failed.usage);
  EXPECT_EQ(total.cost, dollars(0.875));
}

TEST_F(AccountTest, OpenIntentsOfACrashAreMaybeBilledOnce) {
  auto c = open();
  intend_now(*c, {{1, 0, dollars(1)}, {2, 1, dollars(2)}});
  intend_now(*c, {{5, 1, dollars(4)}});
  commit_now(*c, {answer("a")}, {settled(2, 1, 0.5)});
  c.reset();
  EXPECT_EQ(stored().total().maybe_billed, 2U) << "told before the next run books it";
  EXPECT_EQ(stored().total().in_flight, 0U);

  c = open();
  EXPECT_EQ(c->opened().maybe_billed, 2U);
  EXPECT_EQ(c->opened().maybe_billed_cost, dollars(5));
  EXPECT_EQ(c->opened().spent, dollars(5.5));
  EXPECT_EQ(c->opened().next_attempt, 6U);
  EXPECT_EQ(stored().total().maybe_billed, 2U);
  c.reset();

  c = open();
  EXPECT_EQ(c->opened().maybe_billed, 0U);
  EXPECT_EQ(c->opened().maybe_billed_cost, core::Money());
  EXPECT_EQ(c->opened().spent, dollars(5.5));
  EXPECT_EQ(c->opened().next_attempt, 6U);
  EXPECT_EQ(c->account().total().maybe_billed, 2U);
  EXPECT_EQ(c->account().total().attempts, 1U);
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(AccountTest, IntentsStillOpenAtACleanCloseAreMaybeBilledToo) {
  auto c = open();
  intend_now(*c, {{1, 0, dollars(1)}, {2, 0, dollars(1)}});
  commit_now(*c, {}, {settled(1, 0, 0.5)});
  ASSERT_TRUE(c->close().has_value());
  c = open();
  EXPECT_EQ(c->opened().maybe_billed, 1U);
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(AccountTest, EndpointsAreKnownByNameWhenTheirListChanges) {
  Options options = options_for(scratch_);
  auto c = open();
  intend_now(*c, {{1, 1, dollars(1)}, {2, 1, dollars(3)}});
  commit_now(*c, {}, {settled(1, 1, 0.5)});
  c.reset();
  options.endpoints = {"north", "west"};
  c = open_checkpoint(options, projection_);
  commit_now(*c, {}, {settled(3, 0, 0.125), settled(4, 1, 0.25)});
  const store::Account account = c->account();
  ASSERT_EQ(account.endpoints.size(), 3U);
  EXPECT_EQ(account.endpoints[0].name, "north");
  EXPECT_EQ(account.endpoints[0].cost, dollars(0.125));
  EXPECT_EQ(account.endpoints[1].name, "west");
  EXPECT_EQ(account.endpoints[1].cost, dollars(0.75));
  EXPECT_EQ(account.endpoints[1].maybe_billed_cost, dollars(3));
  EXPECT_EQ(account.endpoints[2].name, "east");
  EXPECT_EQ(account.endpoints[2].attempts, 0U);
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(AccountTest, AttemptNumbersGoOnThoughEverythingIsSettled) {
  auto c = open();
  for (std::uint64_t i = 1; i <= 5000; i += 50) {
    std::vector<store::Intent> intents;
    std::vector<store::Settlement> settlements;
    for (std::uint64_t a = i; a < i + 50; ++a) {
      intents.push_back({a, 0, dollars(1)});
      settlements.push_back(settled(a, 0, 0.001));
    }
    intend(*c, std::move(intents), [] {});
    c->commit({std::move(settlements), {}}, [] {});
  }
  ASSERT_TRUE(c->close().has_value());
  c = open();
  EXPECT_EQ(c->opened().next_attempt, 5001U);
  EXPECT_EQ(c->opened().maybe_billed, 0U);
  EXPECT_EQ(c->opened().spent, dollars(5));
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(AccountTest, RowsReadIsTheLargerOfTwoRunsUntilTheInputIsComplete) {
  auto c = open();
  c->set_rows_read(100, false);
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(stored().rows_read, 100U);
  EXPECT_FALSE(stored().input_complete);

  c = open();
  c->set_rows_read(40, false);
  EXPECT_EQ(c->account().rows_read, 100U);
  c->set_rows_read(120, false);
  EXPECT_EQ(c->account().rows_read, 120U);
  c->set_rows_read(90, true);  // rows were taken from the input
  EXPECT_EQ(c->account().rows_read, 90U);
  EXPECT_TRUE(c->account().input_complete);
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(stored().rows_read, 90U);
  EXPECT_TRUE(stored().input_complete);

  c = open();  // a run that has not read to the end is not complete
  EXPECT_FALSE(stored().input_complete);
  EXPECT_EQ(stored().rows_read, 90U);
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(AccountTest, RowsReadIsNeverBelowWhatEnded) {
  auto c = open();
  commit_now(*c, {answer("a"), answer("b"), reject("c")});
  EXPECT_EQ(c->account().rows_read, 3U);
  EXPECT_EQ(stored().rows_read, 3U);
  c->set_rows_read(2, true);
  EXPECT_EQ(c->account().rows_read, 3U);
  EXPECT_EQ(c->account().rows_pending(), 0U);
  ASSERT_TRUE(c->close().has_value());
  EXPECT_EQ(stored().rows_read, 3U);
}

TEST_F(AccountTest, IsReadBesideARunningJobAsOfItsLastCommit) {
  auto c = open();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    c->set_rows_read(i * 2, false);
    commit_now(*c, {answer(std::to_string(i))}, {settled(i, 0, 0.5)});
    const store::Account account = stored();
    EXPECT_EQ(account.rows_answered, i);
    EXPECT_EQ(account.rows_read, i * 2);
    EXPECT_EQ(account.total().cost, dollars(0.5) * i);
    expect_equal(account, c->account());
  }
  ASSERT_TRUE(c->close().has_value());
}

TEST_F(AccountTest, ReadingItChangesNoByteOfACrashedJob) {
  auto c = open();
  commit_now(*c, {answer("a")}, {settled(1, 0, 0.5)});
  c.reset();
  const std::string database = read_file(scratch_.database());
  const std::string log = read_file(scratch_.database() + "-wal");
  EXPECT_FALSE(log.empty());
  EXPECT_EQ(stored().rows_answered, 1U);
  EXPECT_EQ(read_file(scratch_.database()), database);
  EXPECT_EQ(read_file(scratch_.database() + "-wal"), log);
}

TEST_F(AccountTest, ThereIsNoneBeforeTheFirstRun) {
  const auto account = read_account(scratch_.job());
  ASSERT_FALSE(account.has_value());
  EXPECT_EQ(account.error().code, core::ErrorCode::io);
  EXPECT_FALSE(std::filesystem::exists(scratch_.job()));
}

TEST_F(AccountTest, TellsAnswersWithoutTokenCountsFromAttemptsWithoutAnAnswer) {
  auto c = open();
  intend_now(*c, {{1, 0, dollars(1)}, {2, 0, dollars(1)}});
  store::Settlement uncounted = settled(1, 0, 0.75);
  uncounted.billing = provider::Billing::possible;
  store::Settlement lost = settled(2, 0, 0.5);
  lost.billing = provider::Billing::possible;
  lost.answered = false;
  commit_now(*c, {answer("a")}, {uncounted, lost});
  ASSERT_TRUE(c->close().has_value());
  const store::EndpointLedger east = stored().endpoints.at(0);
  EXPECT_EQ(east.maybe_billed, 2U);
  EXPECT_EQ(east.maybe_billed_cost, dollars(1.25));
  EXPECT_EQ(east.uncounted, 1U);
  EXPECT_EQ(east.uncounted_cost, dollars(0.75));
}

TEST_F(AccountTest, KeepsWhatADaysQuotasHaveGivenAndAddsWhatACrashLeftInTheLog) {
  {
    auto c = open();
    EXPECT_EQ(c->opened().day_use, (std::vector<store::DayUse>{{}, {}}));
    c->set_day_use(0, {.requests = 7, .tokens = 900, .at = 1000});
    intend_now(*c, {{1, 0, dollars(1), {.input = 100, .output = 50}}});
    commit_now(*c, {answer("a")}, {settled(1, 0, 0.25)});
    c->set_day_use(0, {.requests = 8, .tokens = 950, .at = 1001});
    ASSERT_TRUE(c->close().has_value());
  }
  auto c = open();
  EXPECT_EQ(c->opened().day_use.at(0), (store::DayUse{.requests = 8, .tokens = 950, .at = 1001}));
  EXPECT_EQ(c->opened().day_use.at(1), store::DayUse());
  intend_now(*c, {{2, 0, dollars(1), {.input = 100, .output = 50}}});
  c.reset();  // a crash: the intent stands in the log alone
  c = open();
  EXPECT_EQ(c->opened().maybe_billed, 1U);
  EXPECT_EQ(c->opened().day_use.at(0), (store::DayUse{.requests = 9, .tokens = 1100, .at = 1001}));
}

}  // namespace
}  // namespace sluice::checkpoint
