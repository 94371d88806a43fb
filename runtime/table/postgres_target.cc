#include "table/postgres_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "table/piece.h"
#include "table/postgres.h"
#include "table/postgres_table.h"

namespace sluice::table {
namespace {

// In the schema of the table.
std::string progress_table(const std::string& table) {
  const std::size_t dot = table.find('.');
  return pg_table(dot == table.npos ? "sluice_progress"
                                    : table.substr(0, dot) + ".sluice_progress");
}

class PostgresTarget final : public format::RecordTarget {
 public:
  explicit PostgresTarget(Target target)
      : target_(std::move(target)), progress_(progress_table(target_.spec.table)) {}

  core::Result<format::Stand> open() override {
    const auto began = std::chrono::steady_clock::now();
    for (auto backoff = kFirstBackoff;; backoff = std::min(2 * backoff, kMostBackoff)) {
      transient_ = false;
      auto stand = try_open();
      if (stand || !transient_ || std::chrono::steady_clock::now() - began > kReconnectFor)
        return stand;
      std::this_thread::sleep_for(backoff);
    }
  }

  core::Status restart() override {
    if (target_.spec.mode == Mode::append)
      return std::unexpected(cannot_take_back(target_, server_->place()));
    restart_ = true;
    return {};
  }

  core::Status put(std::string_view lines, const format::Stand& stand) override {
    auto piece = piece_of(lines, target_);
    if (!piece) return std::unexpected(piece.error());
    const auto began = std::chrono::steady_clock::now();
    auto backoff = kFirstBackoff;
    while (true) {
      if (!table_->there())
        static_cast<void>(table_->look(*server_));  // an earlier put() has made it
      auto takes = table_->takes(*piece);
      if (!takes) {  // it may have been changed meanwhile
        if (auto there = table_->look(*server_); there) takes = table_->takes(*piece);
        if (!takes) return takes;
      }
      const auto done = try_put(*piece, stand);
      if (done && *done) break;
      if (done) return std::unexpected(another_run(target_, server_->place()));
      if (!done.error().transient) {
        static_cast<void>(server_->run("ROLLBACK"));
        return std::unexpected(table_->refused(*server_, *piece, restart_, done.error()));
      }
      core::Error error = server_->error(done.error(), target_.spec.table);
      const auto committed = recover(stand, began, backoff, std::move(error));
      if (!committed) return std::unexpected(committed.error());
      if (*committed) break;
    }
    position_ = stand;
    restart_ = false;
    return {};
  }

 private:
  core::Result<format::Stand> try_open() {
    if (auto connected = connect(); !connected) return std::unexpected(connected.error());
    table_.emplace(target_, server_->place());
    if (auto made = make_progress(); !made) return std::unexpected(made.error());
    // The position first: it waits for a transaction of one that was killed, which may make the table.
    auto position = read_position();
    if (!position) return std::unexpected(failed(position.error()));
    auto there = table_->look(*server_);
    if (!there) return std::unexpected(failed(there.error()));
    position_ = *position;
    if (!*there && position_) {  // the table was dropped
      if (auto gone =
              server_->run("DELETE FROM " + progress_ + " WHERE job = $1", {progress_key(target_)});
          !gone)
        return std::unexpected(failed(gone.error()));
      position_.reset();
    }
    if (*there) {
      if (auto fits = check(); !fits) return std::unexpected(fits.error());
    }
    return position_.value_or(format::Stand{});
  }

  // Of a statement of open().
  core::Error failed(const SqlError& error, std::string_view doing = {}) {
    transient_ = error.transient;
    return server_->error(error, doing);
  }

  core::Status connect() {
    auto server = connect_to(target_.spec.url);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    // What put() has returned for is to outlive a crash of the server.
    if (auto set = server_->run("SELECT set_config('synchronous_commit', 'on', false) WHERE "
                                "current_setting('synchronous_commit') = 'off'");
        !set)
      return std::unexpected(failed(set.error()));
    return {};
  }

  core::Status make_progress() {
    auto there = server_->run("SELECT to_regclass($1) IS NOT NULL", {progress_});
    if (!there) return std::unexpected(failed(there.error()));
    if (there->text(0, 0) == "t") return {};
    const std::string make = fmt::format(
        "CREATE TABLE IF NOT EXISTS {} (job text PRIMARY KEY, bytes bigint NOT NULL, digest text "
        "NOT NULL)",
        progress_);
    auto made = server_->run(make);
    if (!made) made = server_->run(make);  // two that make it at once disturb each other
    if (made) return {};
    return std::unexpected(
        failed(made.error(),
               "where the rows of this job end is kept beside the table, and that could not "
               "be made (" +
                   make + ")"));
  }

  // A transaction, when no other puts rows of this job: one of a process that was killed, or behind a
  // connection that was lost, may still be on its way to its end.
  SqlResult<bool> begin() {
    if (auto begun = server_->run("BEGIN"); !begun) return std::unexpected(begun.error());
    auto locked = server_->run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                               {"sluice:" + progress_key(target_)});
    if (!locked) return std::unexpected(locked.error());
    return true;
  }

  SqlResult<std::optional<format::Stand>> read_position() {
    if (auto locked = begin(); !locked) return std::unexpected(locked.error());
    auto row = server_->run("SELECT bytes, digest FROM " + progress_ + " WHERE job = $1",
                            {progress_key(target_)});
    if (!row) return std::unexpected(row.error());
    if (auto ended = server_->run("COMMIT"); !ended) return std::unexpected(ended.error());
    if (row->rows() == 0) return std::nullopt;
    format::Stand stand;
    const std::string_view bytes = row->text(0, 0);
    std::from_chars(bytes.data(), bytes.data() + bytes.size(), stand.bytes);
    stand.digest = hash_of_hex(row->text(0, 1)).value_or(core::Hash128{});
    return stand;
  }

  // Whether the table that is there can be what the mode makes of it.
  core::Status check() {
    if (target_.spec.mode == Mode::replace && !position_) {
      const auto rows = table_->has_rows(*server_);
      if (!rows) return std::unexpected(failed(rows.error()));
      if (*rows) return std::unexpected(rows_of_others(target_, server_->place()));
    }
    if (target_.spec.mode == Mode::upsert) {
      const auto unique = table_->has_unique_key(*server_);
      if (!unique) return std::unexpected(failed(unique.error()));
      if (!*unique) return std::unexpected(key_not_unique(target_, server_->place()));
    }
    return {};
  }

  // False: the position is not the one that was read, so another run is at work.
  SqlResult<bool> try_put(const Piece& piece, const format::Stand& stand) {
    if (auto begun = begin(); !begun) return begun;
    std::vector<std::string> values = {progress_key(target_), std::to_string(stand.bytes),
                                       stand.digest.hex()};
    std::string record =
        "INSERT INTO " + progress_ + " VALUES ($1, $2::bigint, $3) ON CONFLICT (job) DO NOTHING";
    if (position_) {
      record = "UPDATE " + progress_ +
               " SET bytes = $2::bigint, digest = $3 WHERE job = $1 AND bytes = $4::bigint AND "
               "digest = $5";
      values.push_back(std::to_string(position_->bytes));
      values.push_back(position_->digest.hex());
    }
    auto recorded = server_->run(record, values);
    if (!recorded) return std::unexpected(recorded.error());
    if (recorded->changed() != "1") {
      static_cast<void>(server_->run("ROLLBACK"));
      return false;
    }
    if (auto filled = table_->fill(*server_, piece, restart_); !filled) return filled;
    if (auto committed = server_->run("COMMIT"); !committed)
      return std::unexpected(committed.error());
    return true;
  }

  // Connects again. True: what put() was at was committed.
  core::Result<bool> recover(const format::Stand& stand,
                             std::chrono::steady_clock::time_point began,
                             std::chrono::milliseconds& backoff, core::Error error) {
    while (true) {
      if (std::chrono::steady_clock::now() - began > kReconnectFor) {
        error.message += fmt::format(
            "; it was tried again for {} s. Run again when the server is "
            "there: nothing is lost",
            kReconnectFor.count());
        return std::unexpected(std::move(error));
      }
      std::this_thread::sleep_for(backoff);
      backoff = std::min(2 * backoff, kMostBackoff);
      if (auto connected = connect(); !connected) {
        error = connected.error();
        continue;
      }
      const auto position = read_position();
      const auto there =
          position ? table_->look(*server_) : SqlResult<bool>(std::unexpected(position.error()));
      if (!there) {
        error = server_->error(there.error());
        continue;
      }
      if (*position == position_) return false;  // also where a restart ends where it began
      if (*position == stand) return true;
      return std::unexpected(another_run(target_, server_->place()));
    }
  }

  const Target target_;
  const std::string progress_;  // as SQL
  std::unique_ptr<Postgres> server_;
  std::optional<PostgresTable> table_;
  std::optional<format::Stand> position_;  // as it stands there
  bool restart_ = false;
  bool transient_ = false;  // what open() failed with
};

}  // namespace

std::unique_ptr<format::RecordTarget> make_postgres_target(Target target) {
  return std::make_unique<PostgresTarget>(std::move(target));
}

}  // namespace sluice::table
