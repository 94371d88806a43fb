// The statements of pools in PostgreSQL, one after the other, which wait for the server.
//
// Threads: one; `stop` may be set from any.
//
// Invariants:
//   1. A step takes kStep at most, and the server ends its statement a little before; to connect takes what libpq allows for each
//      address of the host, 2 s.
//   2. A version is a random number of its own in each write, so that a server that has lost its state is not taken for what it was.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/secret.h"
#include "pool_store/pool_store.h"
#include "postgres/connection.h"

namespace sluice::pool_store {

class PostgresPools {
 public:
  static constexpr std::chrono::milliseconds kStep{1500};

  PostgresPools(core::Secret address, const std::atomic<bool>& stop)
      : address_(std::move(address)), stop_(stop) {}

  struct Read {
    std::optional<std::int64_t> version;  // nullopt: there is none
    std::string text;
    StoreTime now;
  };
  core::Result<Read> read(const std::string& name);
  // False: another has written since `version` was read.
  core::Result<bool> write(const std::string& name, std::optional<std::int64_t> version,
                           const std::string& text);

 private:
  core::Status connect();
  postgres::SqlResult<postgres::PgResult> step(const std::string& statement);
  core::Error error_of(const postgres::SqlError& error);

  const core::Secret address_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<postgres::Connection> connection_;
};

}  // namespace sluice::pool_store
