// What is known of a shared budget by the logs of a shared job's workers.
#include "passes/spent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "tests/postgres_server.h"
#include "wal/record.h"

namespace sluice::passes {
namespace {

using shared_job::WorkerId;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Lines = std::map<std::string, core::Money>;

core::Money dollars(double d) {
  return *core::Money::from_dollars(d);
}

class SpentTest : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
    auto board = shared_job::Board::open(core::Secret(server_->url()), [](const std::string&) {});
    ASSERT_TRUE(board) << board.error().text();
    board_ = std::move(*board);
    job_ = *board_->enter("tickets", core::hash128("f1"), 10);
  }
  WorkerId add(WorkerId origin = 0) {
    const WorkerId worker = shared_job::new_worker_id();
    EXPECT_TRUE(board_->add_worker(job_, worker, origin, "here", core::hash128("f1")));
    return worker;
  }
  void leave(WorkerId worker) { EXPECT_TRUE(board_->leave(worker, {})); }
  void intend(WorkerId worker, const std::string& payer, std::vector<store::Intent> intents) {
    append(worker, payer, wal::encode(intents, kNumbers));
  }
  void settle(WorkerId worker, const std::string& payer, std::uint64_t attempt, double cost) {
    store::Results results;
    results.settlements.push_back({.attempt = attempt,
                                   .endpoint = 0,
                                   .answered = true,
                                   .billing = provider::Billing::known,
                                   .usage = {},
                                   .cost = dollars(cost)});
    append(worker, payer, wal::encode(results, kNumbers));
  }
  Lines spent(const std::vector<std::string>& members) {
    const auto lines = spent_by(*board_, job_, members);
    EXPECT_TRUE(lines) << lines.error().text();
    return *lines;
  }

  static constexpr std::uint32_t kNumbers[] = {1};
  std::optional<PostgresServer> server_;
  std::unique_ptr<shared_job::Board> board_;
  shared_job::Job job_;

 private:
  void append(WorkerId worker, const std::string& payer, std::string record) {
    wal::seal(record, ++sequence_);
    EXPECT_TRUE(board_->add_payer(worker, payer));
    const auto last = board_->last_chunk(worker);
    EXPECT_EQ(*board_->append(worker, *last + 1, record, payer), shared_job::Board::Appended::yes);
  }
  std::uint64_t sequence_ = 0;
};

TEST_F(SpentTest, OfAWorkerThatIsGoneWhatItPaidAndWhatIsOpenAtItsWorst) {
  const WorkerId one = add(), two = add();
  intend(one, "a", {{1, 0, dollars(2)}, {2, 0, dollars(2)}});
  settle(one, "a", 1, 0.5);
  intend(two, "b", {{1, 0, dollars(3)}});
  settle(two, "b", 1, 1);
  EXPECT_THAT(spent({"a", "b"}), IsEmpty()) << "they are alive";
  leave(one);
  EXPECT_THAT(spent({"a", "b"}), ElementsAre(Pair("a", dollars(2.5))));
  EXPECT_THAT(spent({}), ElementsAre(Pair("a", dollars(2.5)), Pair("b", dollars(1))));
}

TEST_F(SpentTest, EachNameOfAWorkerHasItsOwnPart) {
  const WorkerId one = add();
  intend(one, "a", {{1, 0, dollars(2)}});
  settle(one, "a", 1, 0.5);
  intend(one, "a+1", {{2, 0, dollars(2)}});
  leave(one);
  EXPECT_THAT(spent({}), ElementsAre(Pair("a", dollars(0.5)), Pair("a+1", dollars(2))));
}

TEST_F(SpentTest, WhoWasOnlyThoughtDeadSettlesUnderTheNextNumber) {
  const WorkerId one = add();
  intend(one, "a", {{1, 0, dollars(2)}});
  const WorkerId next = add(one);
  settle(next, "a", 1, 0.25);
  leave(one);
  EXPECT_THAT(spent({"a"}), IsEmpty()) << "it is alive under the next";
  leave(next);
  EXPECT_THAT(spent({"a"}), ElementsAre(Pair("a", dollars(0.25))));
}

TEST_F(SpentTest, WhoWasKilledBeforeItSpentAnythingIsKnown) {
  const WorkerId one = add();
  ASSERT_TRUE(board_->add_payer(one, "a"));
  ASSERT_TRUE(board_->add_payer(one, "a"));
  EXPECT_THAT(spent({"a"}), IsEmpty());
  leave(one);
  EXPECT_THAT(spent({"a", "of another job"}), ElementsAre(Pair("a", core::Money())));
}

TEST_F(SpentTest, ALedgerIsAskedOnAThreadOfItsOwn) {
  Spent ledger(core::Secret(server_->url()), job_, false);
  const WorkerId one = add();
  ledger.add_payer(one, "a");
  std::promise<dispatch::LedgerLines> told;
  while (board_->workers(job_)->front().payers.empty()) continue;
  leave(one);
  ledger.ask({}, [](const dispatch::LedgerLines&) { FAIL() << "others may share the budget"; });
  ledger.ask({"a"}, [&](dispatch::LedgerLines lines) { told.set_value(std::move(lines)); });
  EXPECT_THAT(told.get_future().get(), ElementsAre(Pair("a", core::Money())));
}

}  // namespace
}  // namespace sluice::passes
