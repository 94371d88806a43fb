#include "table/sqlite_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/json.h"
#include "core/reject.h"
#include "table/row_json.h"
#include "table/sqlite_file.h"

namespace sluice::table {
namespace {

// What is read at once, and then handed over: the first of these that is reached.
constexpr std::size_t kReadRows = 1000;
constexpr std::size_t kReadBytes = 1 << 20;

struct FreeValue {
  void operator()(sqlite3_value* value) const { sqlite3_value_free(value); }
};

class SqliteSource final : public format::RecordSource {
 public:
  SqliteSource(SqliteFile file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}

  core::Status open(const Spec& spec) {
    if (!spec.table.empty()) return open_table(spec.table);
    auto query = file_.prepare(spec.query);
    if (!query) return std::unexpected(query.error());
    if (query->raw() == nullptr || query->columns() == 0 || !sqlite3_stmt_readonly(query->raw()))
      return core::fail(core::ErrorCode::pipeline,
                        "query does not read rows: it must be one SELECT", name_);
    first_ = std::move(*query);
    return take_columns(first_);
  }

  core::Result<State> read(const Take& take) override {
    auto more = read_page();
    if (!more) return std::unexpected(more.error());
    for (const Read& row : page_) {
      const format::Record record{.text = row.text,
                                  .line = ++line_,
                                  .reject = row.reject.reason.empty() ? nullptr : &row.reject};
      if (auto fits = not_too_long(record.text, line_, name_); !fits)
        return std::unexpected(fits.error());
      if (!take(record)) return State::stopped;
    }
    return *more ? State::more : State::end;
  }

  format::RecordReader::Description description() const override {
    return {.format = "SQLite", .columns = columns_};
  }

 private:
  struct Read {
    std::string text;
    core::Reject reject;  // of none, without a reason
  };

  core::Status open_table(const std::string& name) {
    auto table = describe(file_, name);
    if (!table) return std::unexpected(table.error());
    if (!table->there)
      return core::fail(core::ErrorCode::pipeline,
                        fmt::format("there is no table '{}': {}", name, tables_of(file_)),
                        file_.path());
    std::vector<std::string> key;
    if (!table->rowid.empty()) {
      key = {table->rowid};
    } else {
      for (const std::string& column : table->key) key.push_back(sql_name(column));
    }
    key_columns_ = static_cast<int>(key.size());
    const std::string names = fmt::format("{}", fmt::join(key, ", "));
    const std::string from =
        fmt::format("SELECT {}{}* FROM {}", names, key.empty() ? "" : ", ", sql_name(name));
    const std::string order = key.empty() ? "" : " ORDER BY " + names;
    auto first = file_.prepare(from + order);
    if (!first) return std::unexpected(first.error());
    first_ = std::move(*first);
    if (!key.empty()) {
      const std::vector<std::string_view> places(key.size(), "?");
      auto next = file_.prepare(
          fmt::format("{} WHERE ({}) > ({}){}", from, names, fmt::join(places, ", "), order));
      if (!next) return std::unexpected(next.error());
      next_ = std::move(*next);
    }
    return take_columns(first_);
  }

  core::Status take_columns(const SqliteStatement& statement) {
    for (int i = key_columns_; i < statement.columns(); ++i) {
      columns_.push_back(statement.name(i));
      const char* declared = sqlite3_column_decltype(statement.raw(), i);
      const auto is = [&](const char* type) {
        return declared != nullptr && sqlite3_stricmp(declared, type) == 0;
      };
      kinds_.push_back(is("BOOLEAN") || is("BOOL") ? Kind::boolean
                       : is("JSON") || is("JSONB") ? Kind::json
                                                   : Kind::plain);
    }
    return no_name_twice(columns_, name_);
  }

  // False: that was the last. No statement of a table is left unfinished: it would hold a lock.
  core::Result<bool> read_page() {
    page_.clear();
    SqliteStatement& rows = last_.empty() ? first_ : next_;
    for (std::size_t i = 0; i < last_.size(); ++i)
      rows.bind(static_cast<int>(i) + 1, last_[i].get());
    bool more = true;
    for (std::size_t bytes = 0; more && bytes < kReadBytes && page_.size() < kReadRows;) {
      auto row = rows.step();
      if (!row) return std::unexpected(row.error());
      more = *row;
      if (!more) break;
      page_.push_back(read_row(rows));
      bytes += page_.back().text.size();
    }
    if (more && key_columns_ > 0) {
      last_.clear();
      for (int i = 0; i < key_columns_; ++i)
        last_.emplace_back(sqlite3_value_dup(sqlite3_column_value(rows.raw(), i)));
    }
    if (!more || key_columns_ > 0) rows.reset();
    return more;
  }

  Read read_row(const SqliteStatement& row) {
    Read read;
    core::JsonWriter json(read.text);
    json.open('{');
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      json.key(columns_[i]);
      append_value(json, read, row, static_cast<int>(i) + key_columns_, i);
    }
    json.close('}');
    return read;
  }

  void append_value(core::JsonWriter& json, Read& read, const SqliteStatement& row, int at,
                    std::size_t column) {
    switch (sqlite3_column_type(row.raw(), at)) {
      case SQLITE_INTEGER: {
        const std::int64_t value = row.integer(at);
        if (kinds_[column] == Kind::boolean && (value == 0 || value == 1)) {
          json.value(value == 1);
        } else {
          json.value(value);
        }
        return;
      }
      case SQLITE_FLOAT:
        json.value(sqlite3_column_double(row.raw(), at));
        return;
      case SQLITE_NULL:
        json.null();
        return;
      case SQLITE_BLOB: {
        const auto* data = static_cast<const char*>(sqlite3_column_blob(row.raw(), at));
        scratch_.clear();
        append_hex_string(scratch_,
                          {data, static_cast<std::size_t>(sqlite3_column_bytes(row.raw(), at))});
        json.raw(scratch_);
        return;
      }
      default: {
        const std::string_view text = row.text(at);
        if (kinds_[column] == Kind::json && is_json(parser_, text)) {
          scratch_.clear();
          append_in_one_line(scratch_, text);
          json.raw(scratch_);
          return;
        }
        if (!simdjson::validate_utf8(text))
          read.reject = {core::Stage::read,
                         "not_json",
                         fmt::format("the text in column '{}' is not UTF-8", columns_[column]),
                         {}};
        json.value(text);
      }
    }
  }

  enum class Kind : std::uint8_t { plain, boolean, json };

  SqliteFile file_;
  const std::string name_;
  int key_columns_ = 0;    // that the statements have in front; 0: one statement to the end
  SqliteStatement first_;  // from the start
  SqliteStatement next_;   // behind `last_`
  std::vector<std::unique_ptr<sqlite3_value, FreeValue>> last_;  // the key of the page's last row
  std::vector<std::string> columns_;
  std::vector<Kind> kinds_;
  std::vector<Read> page_;
  std::uint64_t line_ = 0;
  std::string scratch_;
  simdjson::dom::parser parser_;
};

}  // namespace

core::Result<std::unique_ptr<format::RecordSource>> open_sqlite_source(const Spec& spec) {
  auto file = SqliteFile::open(spec.file, SQLITE_OPEN_READONLY);
  if (!file) return std::unexpected(file.error());
  auto source = std::make_unique<SqliteSource>(std::move(*file), name_of(spec));
  if (auto opened = source->open(spec); !opened) return std::unexpected(opened.error());
  return source;
}

}  // namespace sluice::table
