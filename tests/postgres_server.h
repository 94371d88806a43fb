// A PostgreSQL server of the test's own, from Debian's packages: in a scratch folder, on a Unix socket
// there. It ends with the test, however that ends. Where PostgreSQL is not installed, tests are
// skipped, but not with CI set.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/scratch.h"
#include "tests/server_process.h"

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
    std::string init;
    for (const std::string& word : ServerProcess::not_as_root()) init += word + " ";
    init += programs() + "/initdb -D '" + scratch_.path("data") +
            "' -A trust -U sluice --no-sync --no-instructions --locale=C.UTF-8 >'" +
            scratch_.path("initdb.log") + "' 2>&1";
    EXPECT_EQ(std::system(init.c_str()), 0) << Scratch::read(scratch_.path("initdb.log"));
    // A user who needs a password, before the rule that lets all in.
    const std::string rules = scratch_.path("data/pg_hba.conf");
    const std::string rest = Scratch::read(rules);
    std::ofstream(rules) << "local all guarded scram-sha-256\n" << rest;
    start();
  }
  ~PostgresServer() { stop(SIGQUIT); }  // at once, with its children
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // On the thread that the test ends with (server_process.h).
  void start() {
    // To become another user takes what ends it with its starter away: setpriv gives it again.
    std::vector<std::string> words = ServerProcess::not_as_root("--pdeathsig=QUIT");
    for (const std::string& word :
         {programs() + "/postgres", std::string("-D"), scratch_.path("data"), std::string("-k"),
          scratch_.path(), std::string("-c"), std::string("listen_addresses=")})
      words.push_back(word);
    process_.start(std::move(words), scratch_.path("log"),
                   [this] { return PQping(url().c_str()) == PQPING_OK; });
  }
  void stop(int signal) { process_.stop(signal); }
  // Has it go on as a standby that was promoted: with a history of its own from here on.
  void promote() {
    stop(SIGINT);
    std::ofstream(scratch_.path("data/standby.signal"));
    start();
    run("SELECT pg_promote()");
  }
  void signal(int signal) const { process_.signal(signal); }

  std::string url(const std::string& user = "sluice") const {
    return "host='" + scratch_.path() + "' user=" + user + " dbname=postgres";
  }

  std::string folder() const { return scratch_.path(); }  // of its socket
  // The same as url(), written as one.
  std::string uri(const std::string& user = "sluice") const {
    std::string host;
    for (const char c : scratch_.path()) host += c == '/' ? "%2F" : std::string(1, c);
    return "postgresql://" + user + "@/postgres?host=" + host;
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
  Scratch scratch_;
  ServerProcess process_;
};

// At the start of a test, or its SetUp().
#define SLUICE_NEEDS_POSTGRES()                                                \
  if (::sluice::PostgresServer::programs().empty()) {                          \
    if (std::getenv("CI") != nullptr) FAIL() << "PostgreSQL is not installed"; \
    GTEST_SKIP() << "PostgreSQL is not installed: apt-get install postgresql"; \
  }

}  // namespace sluice
