#include "table/postgres_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <thread>

#include "core/reject.h"
#include "table/postgres.h"
#include "table/row_json.h"

namespace sluice::table {
namespace {

constexpr std::uint64_t kPageRows = 10'000;  // of a table, by its key
constexpr std::uint64_t kFetchRows = 1'000;  // of a cursor
// Nothing for so long is State::waiting.
constexpr std::chrono::milliseconds kWait{20};

class PostgresSource final : public format::RecordSource {
 public:
  explicit PostgresSource(const Spec& spec) : spec_(spec), name_(name_of(spec)) {}

  core::Status open() {
    if (auto connected = connect(); !connected) return connected;
    return spec_.table.empty() ? open_query() : open_table();
  }

  core::Result<State> read(const Take& take) override {
    if (retry_at_) return reconnect();
    if (!sent_) {
      if (auto sent = send(); !sent) return failed(sent.error());
      sent_ = true;
      page_rows_ = 0;
    }
    for (std::uint64_t taken = 0; taken < kFetchRows; ++taken) {
      bool busy = false;
      auto row = server_->next(kWait, busy);
      if (!row) return failed(row.error());
      if (busy) return taken == 0 ? State::waiting : State::more;
      if (!*row) {
        sent_ = false;
        return page_rows_ < page_size_ ? State::end : State::more;
      }
      tried_since_.reset();
      ++page_rows_;
      const auto more = hand_over(**row, take);
      if (!more) return std::unexpected(more.error());
      if (!*more) return State::stopped;
    }
    return State::more;
  }

  format::RecordReader::Description description() const override {
    return {.format = "PostgreSQL", .columns = columns_};
  }

 private:
  core::Status connect() {
    auto server = connect_to(spec_.url);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    return {};
  }

  core::Status open_table() {
    auto table = describe(*server_, spec_.table);
    if (!table) return std::unexpected(server_->error(table.error()));
    if (!table->there) return std::unexpected(no_such_table(*server_, spec_.table));
    for (const PgTable::Column& column : table->columns) columns_.push_back(column.name);
    const std::string from = pg_table(spec_.table) + " AS sluice_row";
    if (table->key.empty())
      return open_cursor(fmt::format("SELECT row_to_json(sluice_row)::text FROM {}", from));
    std::vector<std::string> key, texts, places;
    for (const PgTable::Column& column : table->key) {
      key.push_back("sluice_row." + sql_name(column.name));
      texts.push_back(key.back() + "::text");
      places.push_back(fmt::format("${}::{}", places.size() + 1, column.type));
    }
    const auto list = [](const auto& all) { return fmt::format("{}", fmt::join(all, ", ")); };
    const std::string select =
        fmt::format("SELECT row_to_json(sluice_row)::text, {} FROM {}", list(texts), from);
    const std::string order = fmt::format(" ORDER BY {} LIMIT {}", list(key), kPageRows);
    first_ = select + order;
    next_ = fmt::format("{} WHERE ({}) > ({}){}", select, list(key), list(places), order);
    page_size_ = kPageRows;
    return {};
  }

  core::Status open_query() {
    const std::string query = fmt::format("FROM ({}\n) AS sluice_row", without_end(spec_.query));
    auto looked = server_->run("SELECT * " + query + " LIMIT 0");
    if (!looked) return std::unexpected(server_->error(looked.error(), "the query of s.postgres"));
    for (int i = 0; i < looked->columns(); ++i) columns_.push_back(looked->name(i));
    if (auto once = no_name_twice(columns_, server_->place()); !once) return once;
    return open_cursor("SELECT row_to_json(sluice_row)::text " + query);
  }

  core::Status open_cursor(const std::string& select) {
    for (const std::string& sql : {std::string("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
                                   "DECLARE sluice_rows NO SCROLL CURSOR FOR " + select}) {
      if (auto done = server_->run(sql); !done)
        return std::unexpected(server_->error(done.error(), "s.postgres"));
    }
    cursor_ = true;
    first_ = fmt::format("FETCH FORWARD {} FROM sluice_rows", kFetchRows);
    page_size_ = kFetchRows;
    return {};
  }

  SqlResult<bool> send() {
    return last_.empty() ? server_->send(first_) : server_->send(next_, last_);
  }

  // False: no more are wanted.
  core::Result<bool> hand_over(const PgResult& row, const Take& take) {
    std::string_view text = row.text(0, 0);
    if (text.find_first_of("\n\r") != text.npos) {  // within json, which is kept as it was written
      scratch_.clear();
      append_in_one_line(scratch_, text);
      text = scratch_;
    }
    ++line_;
    if (auto fits = not_too_long(text, line_, name_); !fits) return std::unexpected(fits.error());
    if (!cursor_) {
      last_.clear();
      for (int i = 1; i < row.columns(); ++i) last_.emplace_back(row.text(0, i));
    }
    if (simdjson::validate_utf8(text)) return take({.text = text, .line = line_});
    const core::Reject reject{core::Stage::read, "not_json", "this row's text is not UTF-8", {}};
    return take({.text = text, .line = line_, .reject = &reject});
  }

  // What has come so far is known by the last key: the rows behind it are asked for again.
  core::Result<State> failed(const SqlError& error) {
    sent_ = false;
    if (cursor_ && error.lost)
      return core::fail(core::ErrorCode::io,
                        fmt::format("the connection was lost after {} rows: run again, and what "
                                    "was answered is not asked again",
                                    line_),
                        server_->place());
    if (cursor_ || !error.transient) return std::unexpected(server_->error(error, name_));
    return wait(server_->error(error, name_));
  }

  core::Result<State> wait(core::Error error) {
    const auto now = std::chrono::steady_clock::now();
    if (!tried_since_) {
      tried_since_ = now;
      backoff_ = kFirstBackoff;
    }
    if (now - *tried_since_ > kReconnectFor) {
      error.message += fmt::format("; it was tried again for {} s", kReconnectFor.count());
      return std::unexpected(std::move(error));
    }
    retry_at_ = now + backoff_;
    backoff_ = std::min(2 * backoff_, kMostBackoff);
    return State::waiting;
  }

  core::Result<State> reconnect() {
    if (std::chrono::steady_clock::now() < *retry_at_) {
      std::this_thread::sleep_for(kWait);
      return State::waiting;
    }
    retry_at_.reset();
    if (auto connected = connect(); !connected) return wait(connected.error());
    return State::more;
  }

  using Time = std::chrono::steady_clock::time_point;
  const Spec spec_;
  const std::string name_;
  std::unique_ptr<Postgres> server_;
  std::string first_;              // gives rows from the start, or the cursor's next
  std::string next_;               // those behind `last_`
  std::vector<std::string> last_;  // the key of the last row
  bool cursor_ = false;
  std::uint64_t page_size_ = 0;  // fewer rows: these were the last
  std::uint64_t page_rows_ = 0;
  bool sent_ = false;
  std::optional<Time> retry_at_;
  std::optional<Time> tried_since_;  // without a row since
  std::chrono::milliseconds backoff_ = kFirstBackoff;
  std::vector<std::string> columns_;
  std::uint64_t line_ = 0;
  std::string scratch_;
};

}  // namespace

core::Result<std::unique_ptr<format::RecordSource>> open_postgres_source(const Spec& spec) {
  auto source = std::make_unique<PostgresSource>(spec);
  if (auto opened = source->open(); !opened) return std::unexpected(opened.error());
  return source;
}

}  // namespace sluice::table
