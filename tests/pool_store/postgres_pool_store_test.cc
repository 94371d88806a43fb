// What is PostgreSQL's alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pool_store/pool_store.h"
#include "tests/postgres_server.h"

namespace sluice::pool_store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PostgresPoolStoreTest : public testing::Test {
 protected:
  void SetUp() override { SLUICE_NEEDS_POSTGRES(); }

  static core::Status write(const std::string& url, const std::string& name, std::string text,
                            const std::function<void()>& meanwhile = {}) {
    net::Loop loop;
    auto store = open_pool_store(loop, core::Secret(url));
    core::Status ended;
    loop.post([&] {
      (*store)->update(
          name, [&](std::string_view, StoreTime) { return core::Result<std::string>(text); },
          [&](core::Status status) {
            ended = std::move(status);
            if (meanwhile) meanwhile();
            loop.stop();
          });
    });
    loop.run();
    return ended;
  }
};

TEST_F(PostgresPoolStoreTest, NoTransactionStaysOpenAndNothingIsSetForTheSession) {
  const PostgresServer server;
  std::vector<std::string> idle;
  ASSERT_TRUE(write(server.uri(), "p", "x", [&] {
    idle = server.run("SELECT state FROM pg_stat_activity WHERE application_name = 'sluice'");
  }));
  EXPECT_THAT(idle, ElementsAre("idle"));
  EXPECT_THAT(server.run("SELECT name, state FROM sluice_pool"), ElementsAre("p|x"));
}

TEST_F(PostgresPoolStoreTest, ARowThatIsLockedEndsTheStatementAndNotTheConnection) {
  const PostgresServer server;
  ASSERT_TRUE(write(server.uri(), "p", "x"));
  PGconn* locks = PQconnectdb(server.url().c_str());
  PQclear(PQexec(locks, "BEGIN; SELECT 1 FROM sluice_pool FOR UPDATE"));
  const auto ended = write(server.uri(), "p", "y");
  PQfinish(locks);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, core::ErrorCode::io);
  EXPECT_THAT(ended.error().text(), HasSubstr("statement timeout"));
}

TEST_F(PostgresPoolStoreTest, AUserWhoMayNotMakeTheTableIsToldWhichOne) {
  const PostgresServer server;
  server.run("CREATE ROLE little LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  const auto ended = write(server.uri("little"), "p", "x");
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().text(), HasSubstr("CREATE TABLE IF NOT EXISTS sluice_pool"));
  server.run(
      "CREATE TABLE sluice_pool (name text PRIMARY KEY, version bigint NOT NULL, state text NOT "
      "NULL, touched timestamptz NOT NULL); GRANT SELECT, INSERT, UPDATE, DELETE ON sluice_pool TO "
      "little");
  const auto now = write(server.uri("little"), "p", "x");
  EXPECT_TRUE(now) << now.error().text();
}

TEST_F(PostgresPoolStoreTest, WhatNobodyHasTouchedForAMonthIsTakenOut) {
  const PostgresServer server;
  ASSERT_TRUE(write(server.uri(), "old", "x"));
  ASSERT_TRUE(write(server.uri(), "young", "x"));
  server.run("UPDATE sluice_pool SET touched = now() - interval '31 days' WHERE name = 'old'");
  ASSERT_TRUE(write(server.uri(), "young", "y"));
  EXPECT_THAT(server.run("SELECT name FROM sluice_pool"), ElementsAre("young"));
}

TEST_F(PostgresPoolStoreTest, AServerThatWasStartedAgainKeepsWhatItHad) {
  PostgresServer server;
  net::Loop loop;
  auto store = open_pool_store(loop, core::Secret(server.uri()));
  std::vector<core::Status> ended;
  std::string seen;
  const auto update = [&](std::function<void()> then) {
    (*store)->update(
        "p",
        [&](std::string_view text, StoreTime) {
          seen = text;
          return core::Result<std::string>("x");
        },
        [&, then = std::move(then)](core::Status status) {
          ended.push_back(std::move(status));
          then();
        });
  };
  loop.post([&] {
    update([&] {
      server.stop(SIGQUIT);
      server.start();
      update([&] { loop.stop(); });
    });
  });
  loop.run();
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_TRUE(ended[0]) << ended[0].error().text();
  EXPECT_TRUE(ended[1]) << ended[1].error().text();
  EXPECT_EQ(seen, "x");
}

}  // namespace
}  // namespace sluice::pool_store
