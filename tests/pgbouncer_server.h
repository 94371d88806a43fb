// A pgbouncer of the test's own before a PostgreSQL server, in transaction mode: each transaction of a client goes to any of its two
// connections. On a Unix socket in a scratch folder.
#pragma once

#include <libpq-fe.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/postgres_server.h"
#include "tests/scratch.h"
#include "tests/server_process.h"

namespace sluice {

class PgbouncerServer {
 public:
  static std::string program() {
    return std::filesystem::exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : "";
  }

  explicit PgbouncerServer(const PostgresServer& server) {
    ::chmod(folder_.path().c_str(), 0777);
    const std::string settings = folder_.write(
        "pgbouncer.ini",
        "[databases]\npostgres = host=" + server.folder() +
            " user=sluice dbname=postgres\n[pgbouncer]\nunix_socket_dir = " + folder_.path() +
            "\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\n"
            "default_pool_size = 2\n");
    std::vector<std::string> words = ServerProcess::not_as_root("--pdeathsig=KILL");
    words.insert(words.end(), {program(), settings});
    process_.start(std::move(words), folder_.path("log"),
                   [this] { return PQping(uri().c_str()) == PQPING_OK; });
  }

  std::string uri() const {
    std::string host;
    for (const char c : folder_.path()) host += c == '/' ? "%2F" : std::string(1, c);
    return "postgresql://anybody@:6432/postgres?host=" + host;
  }

 private:
  Scratch folder_;
  ServerProcess process_;
};

}  // namespace sluice
