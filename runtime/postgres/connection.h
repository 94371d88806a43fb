// A connection to a PostgreSQL server, as values: statements, and errors that say what to do.
//
// Threads: one.
//
// Invariant: no message holds anything of the address but host, port and database.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/secret.h"
#include "postgres/libpq.h"

namespace sluice::postgres {

struct Settings {
  std::string called{};  // what messages call the address: "the url of s.postgres"
  std::string
      session{};  // statements that a connection begins with; behind a pooler it may have none
  // How long a server may take to accept a connection, where the address does not say it: libpq counts two at least.
  std::chrono::seconds connect_timeout{10};
  // What was sent and is not acknowledged for so long ends the connection, where the address does not say it; 0: as the system has it.
  std::chrono::milliseconds tcp_user_timeout{0};
  bool writable = false;  // of several hosts in the address, the one that takes writes
};

// A statement that failed.
struct SqlError {
  std::string state;       // SQLSTATE; empty where the connection was lost
  std::string message;     // the server's, with its detail
  bool transient = false;  // the same may work in a moment, perhaps on another connection
  bool lost = false;       // the connection is gone
  bool of_a_row() const { return state.starts_with("22") || state.starts_with("23"); }
};
template <class T>
using SqlResult = std::expected<T, SqlError>;

class PgResult {
 public:
  PgResult(const Libpq& pq, PGresult* result) : result_(result, Clear{&pq}) {}
  int rows() const { return pq().ntuples(raw()); }
  int columns() const { return pq().nfields(raw()); }
  std::string name(int column) const { return pq().fname(raw(), column); }
  bool null(int row, int column) const { return pq().getisnull(raw(), row, column) != 0; }
  std::string_view text(int row, int column) const {
    return {pq().getvalue(raw(), row, column),
            static_cast<std::size_t>(pq().getlength(raw(), row, column))};
  }
  std::string_view changed() const { return pq().cmd_tuples(raw()); }
  ExecStatusType status() const { return pq().result_status(raw()); }
  PGresult* raw() const { return result_.get(); }

 private:
  struct Clear {
    const Libpq* pq;
    void operator()(PGresult* result) const { pq->clear(result); }
  };
  const Libpq& pq() const { return *result_.get_deleter().pq; }
  std::unique_ptr<PGresult, Clear> result_;
};

// What is secret in an address, for taking it out of messages.
struct Address {
  std::string user, password;
};

// A parameter: a text, or the bytes of a bytea.
struct SqlValue {
  std::string bytes;
  bool binary = false;
};

class Connection {
 public:
  static core::Result<std::unique_ptr<Connection>> connect(const core::Secret& url,
                                                           const Settings& settings);

  // One statement, to its end.
  SqlResult<PgResult> run(const std::string& sql, const std::vector<std::string>& parameters = {});
  // The same for who waits no longer than `limit` for all of it: then the connection counts as lost, and is of no
  // more use. `binary`: columns come in the server's binary form.
  SqlResult<PgResult> run_within(std::chrono::milliseconds limit, const std::string& sql,
                                 const std::vector<SqlValue>& values, bool binary = false);
  // Several, in one transaction that the server ends, with texts that quoted() made; what the last one answers. A server that does not
  // answer by `deadline`, or before `stop`, loses the connection: what became of the statements is not known then.
  SqlResult<PgResult> run_by(const std::string& statements,
                             std::chrono::steady_clock::time_point deadline,
                             const std::atomic<bool>& stop);
  // As SQL has it, with the quotes.
  std::string quoted(std::string_view text) const;
  // COPY … FROM STDIN, with `bytes` as what comes from there.
  SqlResult<PgResult> copy(const std::string& sql, std::string_view bytes);

  // A statement whose rows come one at a time, for next().
  SqlResult<bool> send(const std::string& sql, const std::vector<std::string>& parameters = {});
  // The next row; nullopt with `busy` where nothing has come for `wait`, without it where the statement
  // has ended.
  SqlResult<std::optional<PgResult>> next(std::chrono::milliseconds wait, bool& busy);

  // "postgresql://host:5432/database"
  const std::string& place() const { return place_; }
  core::Error error(const SqlError& error, std::string_view doing = {}) const;

 private:
  explicit Connection(const Libpq& pq) : pq_(pq) {}
  // nullopt: the server took the connection and ended it at once.
  static core::Result<std::optional<std::unique_ptr<Connection>>> try_connect(
      const Libpq& pq, const core::Secret& url, const Address& address, const Settings& settings);
  SqlError lost() const;
  SqlError error_of(const PgResult& result) const;
  SqlResult<PgResult> checked(PgResult result) const;

  struct Finish {
    const Libpq* pq;
    void operator()(PGconn* c) const { pq->finish(c); }
  };
  const Libpq& pq_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::string place_;
};

}  // namespace sluice::postgres
