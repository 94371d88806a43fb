#include "engines.h"

#include <filesystem>
#include <fstream>

#include "tests/pgbouncer_server.h"
#include "tests/postgres_server.h"
#include "tests/redis_server.h"

namespace sluice::pool_store {
namespace {

class RedisEngine final : public Engine {
 public:
  std::string url() const override { return server_.url(); }
  std::string url_of_nobody() const override { return "redis://:a-secret@127.0.0.1:1/0"; }
  void freeze() override { server_.signal(SIGSTOP); }
  void thaw() override { server_.signal(SIGCONT); }

 private:
  RedisServer server_;
};

class PostgresEngine : public Engine {
 public:
  ~PostgresEngine() override { thaw(); }
  std::string url() const override { return server_.uri(); }
  std::string url_of_nobody() const override {
    return "postgresql://somebody:a-secret@127.0.0.1:1/postgres";
  }
  // Its children, each of which serves a connection, and it, which would make another.
  void freeze() override {
    for (const std::string& pid : server_.run(
             "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = "
             "'client backend'")) {
      frozen_.push_back(std::stoi(pid));
      ::kill(frozen_.back(), SIGSTOP);
    }
    server_.signal(SIGSTOP);
  }
  void thaw() override {
    for (const pid_t pid : frozen_) ::kill(pid, SIGCONT);
    frozen_.clear();
    server_.signal(SIGCONT);
  }

 protected:
  PostgresServer server_;

 private:
  std::vector<pid_t> frozen_;
};

class PgbouncerEngine final : public PostgresEngine {
 public:
  std::string url() const override { return pooler_.uri(); }

 private:
  const PgbouncerServer pooler_{server_};
};

template <class Made>
std::unique_ptr<Engine> make() {
  return std::make_unique<Made>();
}

}  // namespace

const std::vector<EngineKind>& engines() {
  static const std::vector<EngineKind> kinds = {
      {"Redis", RedisServer::program().empty() ? "redis-server" : "", make<RedisEngine>},
      {"PostgreSQL", PostgresServer::programs().empty() ? "postgresql" : "", make<PostgresEngine>},
      {"PostgreSQLBehindPgbouncer",
       PostgresServer::programs().empty()   ? "postgresql"
       : PgbouncerServer::program().empty() ? "pgbouncer"
                                            : "",
       make<PgbouncerEngine>}};
  return kinds;
}

}  // namespace sluice::pool_store
