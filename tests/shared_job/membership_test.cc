// A process's membership and its log: taken for dead, a server that comes back, a server that has lost something.
#include "shared_job/membership.h"

#include <gtest/gtest.h>

#include "tests/postgres_server.h"
#include "tests/scratch.h"

namespace sluice::shared_job {
namespace {

class MembershipTest : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
  }
  std::unique_ptr<Membership> join(const std::string& name) {
    auto member = Membership::join({.url = core::Secret(server_->url()),
                                    .job = "tickets",
                                    .fingerprint = core::hash128("f1"),
                                    .shard_rows = 10,
                                    .name = name});
    EXPECT_TRUE(member) << member.error().text();
    return std::move(*member);
  }
  ShippedLog* open_log(Membership& member) {
    const auto log = member.open_log(scratch_.path());
    EXPECT_TRUE(log) << log.error().text();
    (*log)->name_endpoints({{1, "east"}});
    return *log;
  }
  // As a server that was promoted a moment too early.
  void lose(const std::string& sql) {
    server_->run(sql);
    server_->promote();
  }
  bool comes_to(const std::string& sql, const std::string& wanted) {
    const auto until = std::chrono::steady_clock::now() + 4 * kRenewal;
    while (server_->run(sql) != std::vector{wanted}) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
  }
  std::string log_of(Membership& member, WorkerId worker) {
    std::string all;
    EXPECT_TRUE(member.board().read_log(
        worker, [&](std::string_view records, std::string_view) -> core::Status {
          all.append(records);
          return {};
        }));
    return all;
  }
  void mark_dead(WorkerId worker) {
    server_->run("UPDATE sluice_worker SET state = 'dead' WHERE id = " + std::to_string(worker));
  }
  Scratch scratch_;
  std::optional<PostgresServer> server_;
};

TEST_F(MembershipTest, WhatIsCommittedStandsInItsLog) {
  const auto member = join("one");
  const auto log = open_log(*member);
  log->append("a");
  log->append("b");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(log_of(*member, member->worker()), "ab");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(*member->board().last_chunk(member->worker()), 1u) << "nothing was new";
}

TEST_F(MembershipTest, AWorkerThatWasTakenForDeadGoesOnAsAnotherAndItsAnswersAreKept) {
  const auto member = join("one");
  const auto log = open_log(*member);
  std::atomic<int> lost = 0;
  member->on_lost([&] { ++lost; });
  ASSERT_TRUE(*member->take_new());
  log->append("a");
  ASSERT_TRUE(log->commit());
  const WorkerId before = member->worker();
  mark_dead(before);
  log->append("late");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(lost, 1);
  EXPECT_NE(member->worker(), before);
  EXPECT_EQ(log_of(*member, before), "a");
  EXPECT_EQ(log_of(*member, member->worker()), "late");
  const auto rows = member->board().workers(member->job());
  EXPECT_EQ(rows->back().origin, before);
  EXPECT_EQ(rows->back().endpoints.at(1), "east");
  EXPECT_EQ(member->board().standing(member->job())->left_behind, 1u);
}

TEST_F(MembershipTest, AServerThatIsStartedAgainIsWaitedFor) {
  const auto member = join("one");
  const auto log = open_log(*member);
  log->append("a");
  ASSERT_TRUE(log->commit());
  server_->stop(SIGQUIT);
  log->append("b");
  std::thread waits([&] { EXPECT_TRUE(log->commit()); });
  server_->start();
  waits.join();
  EXPECT_EQ(log_of(*member, member->worker()), "ab");
}

TEST_F(MembershipTest, WhatAServerHasLostInAFailOverIsSentAgain) {
  const auto member = join("one");
  const auto log = open_log(*member);
  log->append("a");
  ASSERT_TRUE(log->commit());
  ASSERT_TRUE(*member->take_new());
  log->append("b");
  ASSERT_TRUE(log->commit());
  lose(
      "DELETE FROM sluice_worker; DELETE FROM sluice_log; DELETE FROM sluice_shard; "
      "UPDATE sluice_job SET next_shard = 0");
  log->append("c");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(log_of(*member, member->worker()), "abc");
  const auto rows = member->board().workers(member->job());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().endpoints.size(), 1u);
  EXPECT_EQ(rows->front().shards, 1u);
  EXPECT_EQ(*member->take_new(), 1u);
}

TEST_F(MembershipTest, ALostEndOfALogComesBeforeWhatFollowsItAndSoDoItsNames) {
  const auto member = join("one");
  const auto log = open_log(*member);
  for (const char* record : {"a", "b", "c"}) {
    log->append(record);
    ASSERT_TRUE(log->commit());
  }
  lose("DELETE FROM sluice_log WHERE chunk > 1; UPDATE sluice_worker SET endpoints = ''");
  log->append("d");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(log_of(*member, member->worker()), "abcd");
  EXPECT_EQ(member->board().workers(member->job())->front().endpoints.size(), 1u);
}

TEST_F(MembershipTest, ALossBehindAPoolerThatKeepsItsConnectionsIsFoundTo) {
  const auto member = join("one");
  const auto log = open_log(*member);
  for (const char* record : {"a", "b", "c"}) {
    log->append(record);
    ASSERT_TRUE(log->commit());
  }
  server_->run("DELETE FROM sluice_log WHERE chunk > 1");
  log->append("d");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(log_of(*member, member->worker()), "abcd");
  EXPECT_EQ(member->board().connections(), 1u);
}

TEST_F(MembershipTest, WhatIsLostOfAWorkerThatHasNothingMoreToSayIsPutBack) {
  const auto member = join("one");
  const auto log = open_log(*member);
  ASSERT_EQ(*member->take_new(), 0u);
  log->append("a");
  ASSERT_TRUE(log->commit());
  ASSERT_TRUE(member->set_done());
  lose("DELETE FROM sluice_log; UPDATE sluice_shard SET done = false");
  EXPECT_TRUE(comes_to("SELECT (SELECT count(*) FROM sluice_log), done FROM sluice_shard", "1|t"));
  server_->run("DELETE FROM sluice_shard");
  EXPECT_TRUE(comes_to("SELECT no, done FROM sluice_shard", "0|t")) << "its connection holds";
}

TEST_F(MembershipTest, AJobThatIsLostWithAllOfItIsPutBack) {
  const auto member = join("one");
  const auto log = open_log(*member);
  ASSERT_EQ(*member->take_new(), 0u);
  log->append("a");
  ASSERT_TRUE(log->commit());
  member->note_payer("us");
  lose(
      "DELETE FROM sluice_job; DELETE FROM sluice_worker; DELETE FROM sluice_log; "
      "DELETE FROM sluice_shard");
  EXPECT_TRUE(comes_to("SELECT name, next_shard FROM sluice_job", "tickets|1"));
  EXPECT_TRUE(comes_to("SELECT count(*) FROM sluice_log", "1"));
  EXPECT_TRUE(comes_to("SELECT payers FROM sluice_worker", "{us}"));
}

TEST_F(MembershipTest, AShardIsNotDoneOnAServerThatLacksWhatWasSaidOfIt) {
  const auto member = join("one");
  const auto log = open_log(*member);
  ASSERT_EQ(*member->take_new(), 0u);
  log->append("a");
  ASSERT_TRUE(log->commit());
  lose("DELETE FROM sluice_log");
  ASSERT_TRUE(member->set_done());
  EXPECT_EQ(log_of(*member, member->worker()), "a");
  EXPECT_EQ(member->board().standing(member->job())->done, 1u);
}

TEST_F(MembershipTest, WhoIsTakenForDeadBringsAlongWhatTheServerHasLost) {
  const auto member = join("one");
  const auto log = open_log(*member);
  for (const char* record : {"a", "b", "c"}) {
    log->append(record);
    ASSERT_TRUE(log->commit());
  }
  const WorkerId before = member->worker();
  lose("DELETE FROM sluice_log WHERE chunk > 1; UPDATE sluice_worker SET state = 'dead'");
  log->append("d");
  ASSERT_TRUE(log->commit());
  EXPECT_EQ(log_of(*member, before), "a");
  EXPECT_EQ(log_of(*member, member->worker()), "bcd");
}

TEST_F(MembershipTest, AShardThatIsBackAtItsDeadWorkerIsItsTakersAgain) {
  const auto one = join("one");
  const WorkerId dead = new_worker_id();
  ASSERT_TRUE(one->board().add_worker(one->job(), dead, 0, "dead", core::hash128("f1")));
  ASSERT_EQ(*one->board().take_new(one->job(), dead, -1), 0u);
  mark_dead(dead);
  ASSERT_EQ(*one->take_left_behind(0, {dead}), 0u);
  lose(
      "UPDATE sluice_shard SET worker = before[1], before = '{}'; "
      "UPDATE sluice_worker SET state = 'alive'");
  EXPECT_TRUE(comes_to("SELECT worker, before[1] FROM sluice_shard",
                       std::to_string(one->worker()) + "|" + std::to_string(dead)));
}

TEST_F(MembershipTest, WhoTakesAShardThatAnotherHadReadsItsLogToo) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_EQ(*one->take_new(), 0u);
  lose("UPDATE sluice_shard SET worker = " + std::to_string(two->worker()));
  EXPECT_TRUE(comes_to("SELECT worker, before[1] FROM sluice_shard",
                       std::to_string(two->worker()) + "|" + std::to_string(one->worker())));
}

TEST_F(MembershipTest, WhoWritesTheOutputDoesSoAfterAFailOverToo) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_TRUE(*one->take_finish());
  EXPECT_FALSE(*two->take_finish());
  lose("UPDATE sluice_job SET finisher = NULL");
  EXPECT_FALSE(*two->take_finish());
  EXPECT_TRUE(*one->take_finish());
}

// A server that has come back with its own history has lost nothing: for it nobody waits.
TEST_F(MembershipTest, NoNewShardOfAPromotedServerIsTakenBeforeOthersHaveSaidWhatIsTheirs) {
  const auto one = join("one");
  const auto two = join("two");
  ASSERT_EQ(*one->take_new(), 0u);
  lose("DELETE FROM sluice_shard; UPDATE sluice_job SET next_shard = 0");
  EXPECT_EQ(*two->take_new(), 1u);
}

TEST_F(MembershipTest, WhoLeavesLeavesItsShards) {
  auto one = join("one");
  const auto two = join("two");
  ASSERT_EQ(*one->take_new(), 0u);
  const WorkerId gone = one->worker();
  one.reset();
  EXPECT_EQ(two->board().left_behind(two->job())->by, std::set<WorkerId>{gone});
  EXPECT_EQ(*two->take_left_behind(0, {gone}), 0u);
}

TEST_F(MembershipTest, TheLeaseIsRenewedAndADeadWorkerFound) {
  const auto one = join("one");
  const WorkerId dead = new_worker_id();
  ASSERT_TRUE(one->board().add_worker(one->job(), dead, 0, "dead", core::hash128("f1")));
  const auto until = std::chrono::steady_clock::now() + 3 * kLease;
  const auto state = [&](WorkerId worker) {
    return server_->run("SELECT state FROM sluice_worker WHERE id = " + std::to_string(worker))[0];
  };
  while (state(dead) == "alive" && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(state(dead), "dead");
  EXPECT_EQ(state(one->worker()), "alive");
}

}  // namespace
}  // namespace sluice::shared_job
