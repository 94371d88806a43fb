// What the statements of a shared job promise, against a PostgreSQL server.
#include "shared_job/board.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/postgres_server.h"

namespace sluice::shared_job {
namespace {

class BoardTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!PostgresServer::programs().empty()) server_ = new PostgresServer;
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override { SLUICE_NEEDS_POSTGRES(); }

  static std::unique_ptr<Board> open() {
    auto board = Board::open(core::Secret(server_->url()), [](const std::string&) {});
    EXPECT_TRUE(board) << board.error().text();
    return std::move(*board);
  }
  // A job of this test's own.
  Job enter(Board& board, const std::string& fingerprint = "f1") {
    const auto job = board.enter(name(), core::hash128(fingerprint), 10);
    EXPECT_TRUE(job) << job.error().text();
    return job.value_or(Job());
  }
  WorkerId add(Board& board, const Job& job) {
    const WorkerId worker = new_worker_id();
    EXPECT_TRUE(board.add_worker(job, worker, 0, "here", core::hash128("f1")));
    return worker;
  }
  static void kill(WorkerId worker) {
    server_->run("UPDATE sluice_worker SET lease_until = now() - interval '1 s' WHERE id = " +
                 std::to_string(worker));
  }
  static std::string now() { return server_->run("SELECT clock_timestamp()")[0]; }
  static std::string name() {
    return testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  static std::string log_of(Board& board, WorkerId worker) {
    std::string all;
    EXPECT_TRUE(
        board.read_log(worker, [&](std::string_view records, std::string_view) -> core::Status {
          all.append(records);
          return {};
        }));
    return all;
  }
  static inline PostgresServer* server_ = nullptr;
};

using Appended = Board::Appended;

TEST_F(BoardTest, ALogTakesARowOnceAndInOrder) {
  const auto board = open();
  const WorkerId worker = add(*board, enter(*board));
  const std::string bytes("\0\1\xff'\\", 5);
  EXPECT_EQ(*board->append(worker, 1, bytes), Appended::yes);
  EXPECT_EQ(*board->append(worker, 1, bytes), Appended::yes) << "the reply was lost";
  EXPECT_EQ(*board->append(worker, 3, "too early"), Appended::gap);
  EXPECT_EQ(*board->append(worker, 2, "more"), Appended::yes);
  EXPECT_EQ(log_of(*board, worker), bytes + "more");
  EXPECT_EQ(*board->last_chunk(worker), 2u);
  EXPECT_EQ(*board->append(new_worker_id(), 1, "x"), Appended::unknown_worker);
}

TEST_F(BoardTest, ALongLogIsReadWhole) {
  const auto board = open();
  const WorkerId worker = add(*board, enter(*board));
  std::string all;
  for (int chunk = 1; chunk <= 100; ++chunk) {
    const std::string records = std::to_string(chunk) + ";";
    ASSERT_EQ(*board->append(worker, static_cast<std::uint64_t>(chunk), records), Appended::yes);
    all += records;
  }
  EXPECT_EQ(log_of(*board, worker), all);
}

TEST_F(BoardTest, WhoseLeaseIsOverIsDeadOnceItIsMarkedAndNothingIsAppendedAnyMore) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId worker = add(*board, job);
  EXPECT_TRUE(board->mark_dead(job, now()));
  EXPECT_TRUE(board->renew(worker, {.answered = 3})->alive) << "its lease holds";
  kill(worker);
  EXPECT_EQ(*board->append(worker, 1, "x"), Appended::yes) << "late, and nobody has its rows";
  const std::string before = server_->run("SELECT clock_timestamp() - interval '2 s'")[0];
  EXPECT_TRUE(board->mark_dead(job, before));
  EXPECT_TRUE(board->workers(job)->front().alive()) << "as a statement that was held up";
  EXPECT_TRUE(board->mark_dead(job, now()));
  EXPECT_EQ(*board->append(worker, 2, "y"), Appended::not_alive);
  EXPECT_FALSE(board->renew(worker, {})->alive);
  EXPECT_EQ(board->renew(worker, {})->chunks, 1u);
  EXPECT_FALSE(board->renew(new_worker_id(), {})->known);
  EXPECT_EQ(log_of(*board, worker), "x");
}

TEST_F(BoardTest, AShardIsGivenOnceAndAgainWhenItsWorkerIsDead) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId one = add(*board, job), two = add(*board, job), three = add(*board, job);
  EXPECT_EQ(*board->take_new(job, one, -1), 0u);
  EXPECT_EQ(*board->take_new(job, one, -1), 0u) << "its reply was lost";
  EXPECT_EQ(*board->take_new(job, two, -1), 1u);
  EXPECT_EQ(*board->take_new(job, one, 0), 2u);
  EXPECT_EQ(*board->take_left_behind(job, three, 0, {one}), std::nullopt) << "it is alive";
  ASSERT_TRUE(board->set_shards(job, 2));
  EXPECT_EQ(*board->take_new(job, one, 2), std::nullopt);
  EXPECT_EQ(board->standing(job)->shards, 2u);
  EXPECT_FALSE(*board->set_done(job, two, {1}, 1)) << "its log is not there";
  EXPECT_EQ(board->standing(job)->done, 0u);
  EXPECT_EQ(board->standing(job, two)->own, 1u);
  EXPECT_TRUE(*board->set_done(job, two, {1, 2}, 0));
  EXPECT_EQ(board->standing(job)->done, 1u) << "the other is not its own";
  kill(one);
  ASSERT_TRUE(board->mark_dead(job, now()));
  EXPECT_EQ(board->standing(job)->left_behind, 1u);
  EXPECT_EQ(board->left_behind(job)->by, std::set<WorkerId>{one});
  EXPECT_EQ(*board->take_new(job, one, 2), std::nullopt) << "the dead take nothing";
  EXPECT_EQ(*board->take_left_behind(job, three, 0, {}), std::nullopt) << "not one of those";
  EXPECT_EQ(*board->take_left_behind(job, three, 1, {one}), std::nullopt) << "it is before";
  EXPECT_EQ(*board->take_left_behind(job, three, 0, {one}), 0u);
  ASSERT_TRUE(board->set_done(job, one, {0}, 0));
  EXPECT_FALSE(board->standing(job)->all_done()) << "a dead worker's word is not its successor's";
  EXPECT_EQ(*board->take_left_behind(job, three, 0, {one}), 0u) << "its reply was lost";
  kill(three);
  ASSERT_TRUE(board->mark_dead(job, now()));
  EXPECT_EQ(board->left_behind(job)->by, std::set<WorkerId>{three});
  EXPECT_EQ(board->left_behind(job)->had, (std::set<WorkerId>{one, three}))
      << "what the first said of its rows counts";
  ASSERT_TRUE(board->set_done(job, three, {0}, 0));
  EXPECT_TRUE(board->standing(job)->all_done());
}

TEST_F(BoardTest, AShardOfWhichAPromotedServerDoesNotKnowWhoseItWasIsLeftBehindByNobody) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId lost = add(*board, job), one = add(*board, job), two = add(*board, job);
  EXPECT_EQ(*board->take_new(job, lost, -1), 0u);
  EXPECT_EQ(*board->take_new(job, one, -1), 1u);
  ASSERT_TRUE(board->set_shards(job, 2));
  EXPECT_EQ(board->standing(job)->missing, 0u);
  server_->run("DELETE FROM sluice_worker WHERE id = " + std::to_string(lost) +
               "; DELETE FROM sluice_shard WHERE worker = " + std::to_string(lost));
  EXPECT_EQ(board->standing(job)->missing, 1u);
  ASSERT_TRUE(board->leave_missing(job));
  EXPECT_EQ(board->standing(job)->missing, 0u);
  EXPECT_EQ(board->standing(job)->left_behind, 1u);
  EXPECT_EQ(board->left_behind(job)->by, std::set<WorkerId>{0});
  EXPECT_TRUE(board->left_behind(job)->had.empty());
  EXPECT_EQ(*board->take_left_behind(job, two, 0, {0}), 0u);
  // Whose it was is there after all.
  server_->run("UPDATE sluice_shard SET worker = 0 WHERE no = 0");
  ASSERT_TRUE(
      board->restore(job, name(), core::hash128("f1"), {.worker = lost, .shards = {{0, false}}}));
  EXPECT_EQ(*board->take_left_behind(job, two, 0, {0}), std::nullopt);
  EXPECT_EQ(board->standing(job, lost)->own, 1u);
}

TEST_F(BoardTest, ManyTakeAllShardsAndNoneTwice) {
  const auto board = open();
  const Job job = enter(*board);
  constexpr int kWorkers = 4, kEach = 50;
  std::vector<std::vector<std::uint64_t>> taken(kWorkers);
  std::vector<std::thread> threads;
  for (int w = 0; w < kWorkers; ++w)
    threads.emplace_back([&, w] {
      const auto own = open();
      const WorkerId worker = add(*own, job);
      std::int64_t last = -1;
      for (int i = 0; i < kEach; ++i) {
        const auto shard = own->take_new(job, worker, last);
        ASSERT_TRUE(shard && *shard);
        last = static_cast<std::int64_t>(**shard);
        taken[static_cast<std::size_t>(w)].push_back(**shard);
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<std::uint64_t> all;
  for (const auto& some : taken) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all);
  ASSERT_EQ(all.size(), std::size_t{kWorkers * kEach});
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
}

TEST_F(BoardTest, AnotherQuestionBeginsANewGenerationAndWaitsForThoseAtWork) {
  const auto board = open();
  const Job old = enter(*board);
  const WorkerId worker = add(*board, old);
  const auto refused = board->enter(name(), core::hash128("f2"), 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::ErrorCode::busy);
  ASSERT_TRUE(board->leave(worker, {}));
  const Job job = enter(*board, "f2");
  EXPECT_EQ(job.id, old.id);
  EXPECT_EQ(job.generation, old.generation + 1);
  EXPECT_EQ(enter(*board, "f2").generation, job.generation);
}

TEST_F(BoardTest, OneWritesTheOutputAndAnotherWhereThatOneDies) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId one = add(*board, job), two = add(*board, job);
  EXPECT_TRUE(*board->take_finish(job, one));
  EXPECT_TRUE(*board->take_finish(job, one));
  EXPECT_FALSE(*board->take_finish(job, two));
  kill(one);
  ASSERT_TRUE(board->mark_dead(job, now()));
  EXPECT_TRUE(*board->take_finish(job, two));
  const Ending ending = {{{one, 7}, {two, 1}}, {core::hash128("x"), core::hash128("x")}};
  EXPECT_FALSE(*board->set_complete(job, one, {}));
  EXPECT_FALSE(board->standing(job)->complete);
  EXPECT_TRUE(*board->set_complete(job, two, ending));
  EXPECT_EQ(board->ending(job)->ends, ending.ends);
  EXPECT_EQ(board->ending(job)->surplus, ending.surplus);
  EXPECT_TRUE(board->standing(job)->complete);
  // One that has waited meanwhile does not write it once more, but where it is asked to.
  kill(two);
  ASSERT_TRUE(board->mark_dead(job, now()));
  const WorkerId three = add(*board, job);
  EXPECT_FALSE(*board->take_finish(job, three));
  EXPECT_TRUE(*board->take_finish(job, three, true));
}

TEST_F(BoardTest, WorkersAreToldWithWhatTheySay) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId worker = add(*board, job);
  ASSERT_TRUE(board->name_endpoints(worker, {{1, "east"}, {3, "west=2"}}));
  ASSERT_TRUE(board->renew(worker, {7, 2, core::Money::picodollars(5)})->alive);
  ASSERT_TRUE(*board->take_new(job, worker, -1));
  const auto rows = board->workers(job);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  const WorkerRow& row = rows->front();
  EXPECT_EQ(row.id, worker);
  EXPECT_TRUE(row.alive());
  EXPECT_EQ(row.tally.answered, 7u);
  EXPECT_EQ(row.tally.rejected, 2u);
  EXPECT_EQ(row.tally.cost, core::Money::picodollars(5));
  EXPECT_EQ(row.shards, 1u);
  EXPECT_EQ(row.endpoints, (wal::EndpointNames{{1, "east"}, {3, "west=2"}}));
  EXPECT_EQ(row.fingerprint, core::hash128("f1").hex());
}

TEST_F(BoardTest, AConnectionThatIsCutIsMadeAgain) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId worker = add(*board, job);
  server_->run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
      "'sluice'");
  EXPECT_EQ(*board->append(worker, 1, "x"), Appended::yes);
  EXPECT_EQ(board->connections(), 2u);
}

TEST_F(BoardTest, AForgottenJobIsGone) {
  const auto board = open();
  const Job job = enter(*board);
  const WorkerId worker = add(*board, job);
  ASSERT_EQ(*board->append(worker, 1, "x"), Appended::yes);
  EXPECT_FALSE(board->forget(name())) << "somebody is at work";
  ASSERT_TRUE(board->leave(worker, {}));
  ASSERT_TRUE(board->forget(name()));
  EXPECT_FALSE(*board->find(name()));
  EXPECT_EQ(log_of(*board, worker), "");
}

}  // namespace
}  // namespace sluice::shared_job
