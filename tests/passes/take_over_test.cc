// What of other workers' logs comes into a checkpoint's folder.
#include "passes/take_over.h"

#include <gtest/gtest.h>

#include "store/sqlite_store.h"
#include "tests/postgres_server.h"
#include "wal/record.h"

namespace sluice::passes {
namespace {

using shared_job::WorkerId;

class TakeOverTest : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
    auto board = shared_job::Board::open(core::Secret(server_->url()), [](const std::string&) {});
    ASSERT_TRUE(board) << board.error().text();
    board_ = std::move(*board);
    job_ = *board_->enter("tickets", core::hash128("f1"), 10);
  }
  WorkerId add() {
    const WorkerId worker = shared_job::new_worker_id();
    EXPECT_TRUE(board_->add_worker(job_, worker, 0, "here", core::hash128("f1")));
    EXPECT_TRUE(board_->name_endpoints(worker, {{1, "east"}}));
    return worker;
  }
  void intend(WorkerId worker) {
    std::string record = wal::encode(
        std::vector<store::Intent>{{++attempts_, 0, core::Money::picodollars(1)}}, kNumbers);
    wal::seal(record, ++sequence_);
    const auto last = board_->last_chunk(worker);
    EXPECT_EQ(*board_->append(worker, *last + 1, record), shared_job::Board::Appended::yes);
  }
  void take() {
    const auto taken = take_all(*board_, job_, scratch_.path("job"), "tickets");
    ASSERT_TRUE(taken) << taken.error().text();
  }
  // Of the worker's log: the last record that is here.
  std::uint64_t taken_of(WorkerId worker) {
    const auto store = store::SqliteStore::open_reader(scratch_.path("job"));
    EXPECT_TRUE(store);
    return (*store)->taken_logs()->at(std::to_string(worker)).last;
  }

  static constexpr std::uint32_t kNumbers[] = {1};
  Scratch scratch_;
  std::optional<PostgresServer> server_;
  std::unique_ptr<shared_job::Board> board_;
  shared_job::Job job_;

 private:
  std::uint64_t sequence_ = 0, attempts_ = 0;
};

// A server that was promoted has lost that it was taken for dead: it goes on under the number that it had.
TEST_F(TakeOverTest, AWorkerThatIsAliveAfterItWasDeadIsReadOn) {
  const WorkerId worker = add();
  intend(worker);
  server_->run("UPDATE sluice_worker SET state = 'dead'");
  take();
  EXPECT_EQ(taken_of(worker), 1u);
  server_->run("UPDATE sluice_worker SET state = 'alive'");
  intend(worker);
  take();
  EXPECT_EQ(taken_of(worker), 2u);
  ASSERT_TRUE(board_->leave(worker, {}));
  take();
  EXPECT_EQ(taken_of(worker), 2u);
}

}  // namespace
}  // namespace sluice::passes
