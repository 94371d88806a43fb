#include "pool_store/postgres_pools.h"

#include <fmt/format.h>

#include <charconv>

#include "core/random.h"
#include "pool_store/postgres_pool_store.h"

namespace sluice::pool_store {
namespace {

// Half of each page is left free, so that a row that changes each second stays on it.
constexpr char kTable[] =
    "CREATE TABLE IF NOT EXISTS sluice_pool (name text PRIMARY KEY, version bigint NOT NULL, "
    "state text NOT NULL, touched timestamptz NOT NULL) WITH (fillfactor = 50)";
constexpr std::chrono::milliseconds kReply{200};  // of a step: for the message that it was ended

constexpr std::string_view kNoTable = "42P01";
constexpr std::string_view kNotAllowed = "42501";

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(value)
                                                                         : std::nullopt;
}

// Two processes that make the table at once: the later one is told so in one of these ways.
bool made_by_another(std::string_view state) {
  return state == "23505" || state == "42P07" || state == "42710";
}

}  // namespace

core::Status PostgresPools::connect() {
  if (connection_) return {};
  auto made = postgres::Connection::connect(address_, {.called = "the quota of fleet",
                                                       .connect_timeout = std::chrono::seconds(2),
                                                       .tcp_user_timeout = kStep,
                                                       .writable = true});
  if (!made) return std::unexpected(made.error());
  connection_ = std::move(*made);
  // Pools that are not used any more. The table may not be there yet, and all of it is only tidiness.
  if (const auto swept = step(fmt::format(
          "DELETE FROM sluice_pool WHERE touched < clock_timestamp() - interval '{} days'",
          kForgotten.count()));
      !swept && swept.error().lost)
    return std::unexpected(error_of(swept.error()));
  return {};
}

postgres::SqlResult<postgres::PgResult> PostgresPools::step(const std::string& statement) {
  return connection_->run_by(
      fmt::format("SET LOCAL statement_timeout = {}; {}", (kStep - kReply).count(), statement),
      std::chrono::steady_clock::now() + kStep, stop_);
}

core::Error PostgresPools::error_of(const postgres::SqlError& error) {
  core::Error made = connection_->error(error);
  made.code = core::ErrorCode::io;
  if (error.state == kNotAllowed)
    made.message += fmt::format(
        "; a user who may has to make the table, and to grant SELECT, INSERT, UPDATE "
        "and DELETE on it: {}",
        kTable);
  if (error.lost) connection_.reset();
  return made;
}

core::Result<PostgresPools::Read> PostgresPools::read(const std::string& name) {
  // A connection that was idle may have been ended meanwhile, and nothing is written here: once more, then.
  for (bool again = connection_ != nullptr;; again = false) {
    if (auto connected = connect(); !connected) return std::unexpected(connected.error());
    const std::string select = fmt::format(
        "SELECT version, state, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM "
        "(SELECT 1) AS one LEFT JOIN sluice_pool ON name = {}",
        connection_->quoted(name));
    auto rows = step(select);
    if (!rows && rows.error().state == kNoTable) {
      if (const auto made = step(kTable); !made && !made_by_another(made.error().state))
        return std::unexpected(error_of(made.error()));
      rows = step(select);
    }
    if (!rows) {
      const bool lost = rows.error().lost;
      core::Error error = error_of(rows.error());
      if (lost && again && !stop_) continue;
      return std::unexpected(std::move(error));
    }
    const auto now =
        rows->rows() == 1 && rows->columns() == 3 ? whole_number(rows->text(0, 2)) : std::nullopt;
    if (!now)
      return core::fail(core::ErrorCode::io, "the table sluice_pool is not as it was made",
                        connection_->place());
    Read read{.version = {}, .text = {}, .now = StoreTime(std::chrono::milliseconds(*now))};
    if (rows->null(0, 0)) return read;
    read.version = whole_number(rows->text(0, 0));
    read.text = rows->text(0, 1);
    return read;
  }
}

core::Result<bool> PostgresPools::write(const std::string& name,
                                        std::optional<std::int64_t> version,
                                        const std::string& text) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  const auto own = static_cast<std::int64_t>(core::random_bits() >> 1);
  const std::string key = connection_->quoted(name), state = connection_->quoted(text);
  const auto done = step(
      version ? fmt::format("UPDATE sluice_pool SET version = {}, state = {}, touched = "
                            "clock_timestamp() WHERE name = {} AND version = {}",
                            own, state, key, *version)
              : fmt::format("INSERT INTO sluice_pool VALUES ({}, {}, {}, clock_timestamp()) ON "
                            "CONFLICT (name) DO NOTHING",
                            key, own, state));
  if (!done) return std::unexpected(error_of(done.error()));
  return done->changed() == "1";
}

}  // namespace sluice::pool_store
