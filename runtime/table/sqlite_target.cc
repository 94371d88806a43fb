#include "table/sqlite_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "format/json_value.h"
#include "storage/directory.h"
#include "table/piece.h"
#include "table/row_json.h"
#include "table/sqlite_file.h"

namespace sluice::table {
namespace {

std::string_view sqlite_type(format::ColumnType type) {
  switch (type) {
    case format::ColumnType::text:
      return "TEXT";
    case format::ColumnType::integer:
      return "INTEGER";
    case format::ColumnType::number:
      return "REAL";
    case format::ColumnType::boolean:
      return "BOOLEAN";
    case format::ColumnType::json:
      return "JSON";
  }
  return "TEXT";
}

class SqliteTarget final : public format::RecordTarget {
 public:
  explicit SqliteTarget(Target target)
      : target_(std::move(target)), table_(sql_name(target_.spec.table)) {}

  core::Result<format::Stand> open() override {
    const std::string folder = target_.spec.file.substr(0, target_.spec.file.rfind('/') + 1);
    if (auto there = storage::make_directory(folder); !there)  // npos + 1 = 0: none
      return std::unexpected(there.error());
    auto file = SqliteFile::open(target_.spec.file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (!file) return std::unexpected(file.error());
    file_ = std::move(*file);
    if (auto made = file_.execute("CREATE TABLE IF NOT EXISTS sluice_progress (job TEXT PRIMARY "
                                  "KEY, bytes INTEGER NOT NULL, digest TEXT NOT NULL)");
        !made)
      return std::unexpected(made.error());
    if (auto described = look(); !described) return std::unexpected(described.error());
    if (there_.there && there_.view)
      return core::fail(
          core::ErrorCode::pipeline,
          fmt::format("'{}' is a view, which takes no rows: name a table", target_.spec.table),
          file_.path());
    auto position = read_position();
    if (!position) return std::unexpected(position.error());
    position_ = *position;
    if (!there_.there && position_) {  // the table was dropped
      if (auto forgotten = forget(); !forgotten) return std::unexpected(forgotten.error());
    }
    if (auto fits = check(); !fits) return std::unexpected(fits.error());
    return position_.value_or(format::Stand{});
  }

  core::Status restart() override {
    if (target_.spec.mode == Mode::append)
      return std::unexpected(cannot_take_back(target_, file_.path()));
    restart_ = true;
    return {};
  }

  core::Status put(std::string_view lines, const format::Stand& stand) override {
    auto piece = piece_of(lines, target_);
    if (!piece) return std::unexpected(piece.error());
    if (auto begun = file_.execute("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = write(*piece, stand);
    if (done) done = file_.execute("COMMIT");
    if (!done) {
      insert_ = {};
      sqlite3_exec(file_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
      if (auto again = look(); !again) return again;
      return done;
    }
    position_ = stand;
    restart_ = false;
    return {};
  }

 private:
  core::Status look() {
    auto table = describe(file_, target_.spec.table);
    if (!table) return std::unexpected(table.error());
    there_ = std::move(*table);
    return {};
  }

  core::Result<std::optional<format::Stand>> read_position() {
    auto select = file_.prepare("SELECT bytes, digest FROM sluice_progress WHERE job = ?1");
    if (!select) return std::unexpected(select.error());
    const std::string job = progress_key(target_);
    select->bind(1, job);
    const auto row = select->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    const auto digest = hash_of_hex(select->text(1));
    if (!digest || select->integer(0) < 0) return std::nullopt;
    return format::Stand{static_cast<std::uint64_t>(select->integer(0)), *digest};
  }

  core::Status forget() {
    auto erase = file_.prepare("DELETE FROM sluice_progress WHERE job = ?1");
    if (!erase) return std::unexpected(erase.error());
    const std::string job = progress_key(target_);
    erase->bind(1, job);
    position_.reset();
    return erase->run();
  }

  // Whether the table that is there can be what the mode makes of it.
  core::Status check() {
    if (!there_.there) return {};
    if (target_.spec.mode == Mode::replace && !position_) {
      auto any = file_.prepare("SELECT 1 FROM " + table_ + " LIMIT 1");
      if (!any) return std::unexpected(any.error());
      const auto row = any->step();
      if (!row) return std::unexpected(row.error());
      if (*row) return std::unexpected(rows_of_others(target_, file_.path()));
    }
    if (target_.spec.mode != Mode::upsert) return {};
    // SQLite itself knows which indexes an upsert may go by.
    const std::string key = sql_name(target_.key);
    if (auto tried = file_.prepare(fmt::format("INSERT INTO {0} ({1}) VALUES (NULL) ON CONFLICT "
                                               "({1}) DO NOTHING",
                                               table_, key));
        !tried) {
      if (tried.error().message.contains("ON CONFLICT"))
        return std::unexpected(key_not_unique(target_, file_.path()));
      return std::unexpected(tried.error());
    }
    return {};
  }

  core::Status write(const Piece& piece, const format::Stand& stand) {
    // Read again within the transaction: another run may have been here.
    auto position = read_position();
    if (!position) return std::unexpected(position.error());
    if (*position != position_) return std::unexpected(another_run(target_, file_.path()));
    if (restart_ && target_.spec.mode == Mode::replace && there_.there)
      if (auto erased = file_.execute("DELETE FROM " + table_); !erased) return erased;
    if (!piece.lines.empty())
      if (auto inserted = insert(piece); !inserted) return inserted;
    auto record = file_.prepare(
        "INSERT INTO sluice_progress VALUES (?1, ?2, ?3) ON CONFLICT (job) DO UPDATE SET bytes = "
        "excluded.bytes, digest = excluded.digest");
    if (!record) return std::unexpected(record.error());
    const std::string job = progress_key(target_);
    const std::string digest = stand.digest.hex();
    record->bind(1, job);
    record->bind(2, static_cast<std::int64_t>(stand.bytes));
    record->bind(3, digest);
    return record->run();
  }

  core::Status create(const Piece& piece) {
    std::vector<std::string> columns;
    for (const format::Column& column : piece.columns)
      columns.push_back(fmt::format(
          "{} {}{}", sql_name(column.name), sqlite_type(column.type),
          target_.spec.mode == Mode::upsert && column.name == target_.key ? " PRIMARY KEY" : ""));
    if (auto made =
            file_.execute(fmt::format("CREATE TABLE {} ({})", table_, fmt::join(columns, ", ")));
        !made)
      return made;
    return look();
  }

  core::Status insert(const Piece& piece) {
    if (!there_.there)
      if (auto created = create(piece); !created) return created;
    if (auto prepared = prepare(piece); !prepared) return prepared;
    for (const std::string_view line : piece.lines) {
      simdjson::dom::object object;
      if (format::parse_json(parser_, line, object) != simdjson::SUCCESS)
        return core::fail(core::ErrorCode::corrupt, "a line of the answers is not a JSON object");
      texts_.clear();
      texts_.reserve(piece.columns.size());  // they are borrowed until the row is there
      for (std::size_t i = 0; i < piece.columns.size(); ++i)
        bind(static_cast<int>(i) + 1, object, line, piece.columns[i].name);
      if (auto done = insert_.run(); !done) {
        core::Error error = done.error();
        error.message = fmt::format("table '{}' does not take {}: {}", target_.spec.table,
                                    row_named(line, target_.key), error.message);
        return std::unexpected(std::move(error));
      }
    }
    return {};
  }

  // The statement for these columns.
  core::Status prepare(const Piece& piece) {
    std::vector<std::string> names, places, updates;
    for (const format::Column& column : piece.columns) {
      const bool there = std::ranges::any_of(there_.columns, [&](const std::string& name) {
        return sqlite3_stricmp(name.c_str(), column.name.c_str()) == 0;
      });
      if (!there)
        return std::unexpected(
            column_missing(piece, column.name, target_, sqlite_type(column.type), file_.path()));
      names.push_back(sql_name(column.name));
      places.push_back("?");
      if (column.name != target_.key)
        updates.push_back(fmt::format("{0} = excluded.{0}", names.back()));
    }
    std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ({})", table_, fmt::join(names, ", "),
                                  fmt::join(places, ", "));
    if (target_.spec.mode == Mode::upsert)
      sql += fmt::format(
          " ON CONFLICT ({}) DO {}", sql_name(target_.key),
          updates.empty() ? "NOTHING" : fmt::format("UPDATE SET {}", fmt::join(updates, ", ")));
    if (sql == insert_sql_ && insert_.raw() != nullptr) return {};
    auto prepared = file_.prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    insert_ = std::move(*prepared);
    insert_sql_ = std::move(sql);
    return {};
  }

  void bind(int at, const simdjson::dom::object& object, std::string_view line,
            const std::string& name) {
    using simdjson::dom::element_type;
    simdjson::dom::element value;
    sqlite3_stmt* to = insert_.raw();
    if (object[name].get(value) != simdjson::SUCCESS) {
      sqlite3_bind_null(to, at);
      return;
    }
    switch (value.type()) {
      case element_type::NULL_VALUE:
        sqlite3_bind_null(to, at);
        return;
      case element_type::BOOL:
        insert_.bind(at, static_cast<std::int64_t>(value.get_bool().value_unsafe()));
        return;
      case element_type::INT64:
        insert_.bind(at, value.get_int64().value_unsafe());
        return;
      case element_type::UINT64:
        sqlite3_bind_double(to, at, static_cast<double>(value.get_uint64().value_unsafe()));
        return;
      case element_type::DOUBLE:
        sqlite3_bind_double(to, at, value.get_double().value_unsafe());
        return;
      case element_type::STRING:
        insert_.bind(at, value.get_string().value_unsafe());
        return;
      default: {
        std::string& text = texts_.emplace_back();
        format::append_member(text, object, line, name);
        insert_.bind(at, std::string_view(text));
      }
    }
  }

  const Target target_;
  const std::string table_;  // as SQL
  SqliteFile file_;
  SqliteTable there_;
  std::optional<format::Stand> position_;  // as it stands there
  bool restart_ = false;
  std::string insert_sql_;
  SqliteStatement insert_;
  std::vector<std::string> texts_;
  simdjson::dom::parser parser_;
};

}  // namespace

std::unique_ptr<format::RecordTarget> make_sqlite_target(Target target) {
  return std::make_unique<SqliteTarget>(std::move(target));
}

}  // namespace sluice::table
