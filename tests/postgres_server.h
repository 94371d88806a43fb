// A PostgreSQL server of the test's own, from Debian's packages: in a scratch folder, on a Unix socket
// there. It ends with the test, however that ends. Where PostgreSQL is not installed, tests are
// skipped, but not with CI set.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/scratch.h"

namespace sluice {

class PostgresServer {
 public:
  // The folder of initdb and postgres; empty where there is none.
  static std::string programs() {
    std::error_code ignored;
    for (const auto& version :
         std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      if (std::filesystem::exists(version.path() / "bin/postgres"))
        return (version.path() / "bin").string();
    }
    return {};
  }

  PostgresServer() {
    ::chmod(scratch_.path().c_str(), 0777);
    const std::string init =
        as_user() + programs() + "/initdb -D '" + scratch_.path("data") +
        "' -A trust -U sluice --no-sync --no-instructions --locale=C.UTF-8 >'" +
        scratch_.path("initdb.log") + "' 2>&1";
    EXPECT_EQ(std::system(init.c_str()), 0) << Scratch::read(scratch_.path("initdb.log"));
    // A user who needs a password, before the rule that lets all in.
    const std::string rules = scratch_.path("data/pg_hba.conf");
    const std::string rest = Scratch::read(rules);
    std::ofstream(rules) << "local all guarded scram-sha-256\n" << rest;
    start();
  }
  ~PostgresServer() { stop(SIGQUIT); }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // On the thread that the test ends with: the server ends with the thread that started it.
  void start() {
    const std::string run = "exec " + as_user("--pdeathsig=QUIT ") + programs() + "/postgres -D '" +
                            scratch_.path("data") + "' -k '" + scratch_.path() +
                            "' -c listen_addresses='' >>'" + scratch_.path("log") + "' 2>&1";
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::execl("/bin/sh", "sh", "-c", run.c_str(), nullptr);
      ::_exit(127);
    }
    // What happens in another process has no event of its own here.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (PQping(url().c_str()) != PQPING_OK) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << Scratch::read(scratch_.path("log"));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void stop(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  std::string url(const std::string& user = "sluice") const {
    return "host='" + scratch_.path() + "' user=" + user + " dbname=postgres";
  }

  // Statements, each of which must work; the last one's rows, their columns joined by "|".
  std::vector<std::string> run(const std::string& sql) const {
    PGconn* connection = PQconnectdb(url().c_str());
    EXPECT_EQ(PQstatus(connection), CONNECTION_OK) << PQerrorMessage(connection);
    PQsetNoticeReceiver(connection, [](void*, const PGresult*) {}, nullptr);
    PGresult* result = PQexec(connection, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        << PQresultErrorMessage(result) << sql;
    std::vector<std::string> rows;
    for (int i = 0; i < PQntuples(result); ++i) {
      std::string& row = rows.emplace_back();
      for (int k = 0; k < PQnfields(result); ++k)
        row.append(k == 0 ? "" : "|")
            .append(PQgetisnull(result, i, k) ? "NULL" : PQgetvalue(result, i, k));
    }
    PQclear(result);
    PQfinish(connection);
    return rows;
  }

 private:
  // The server refuses to run as root.
  static std::string as_user(const std::string& more = "") {
    const std::string as =
        ::getuid() == 0 ? "--reuid=postgres --regid=postgres --init-groups " : "--no-new-privs ";
    return "setpriv " + more + as;
  }

  Scratch scratch_;
  pid_t pid_ = 0;
};

// At the start of a test, or its SetUp().
#define SLUICE_NEEDS_POSTGRES()                                                \
  if (::sluice::PostgresServer::programs().empty()) {                          \
    if (std::getenv("CI") != nullptr) FAIL() << "PostgreSQL is not installed"; \
    GTEST_SKIP() << "PostgreSQL is not installed: apt-get install postgresql"; \
  }

}  // namespace sluice
