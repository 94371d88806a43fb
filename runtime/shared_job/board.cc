// The job and its workers; its shards are in board_shards.cc.
#include "shared_job/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "core/random.h"
#include "shared_job/sql_values.h"

namespace sluice::shared_job {
namespace {

constexpr std::chrono::milliseconds kFirstWait{100};
constexpr std::chrono::milliseconds kLongestWait{2'000};
// So many rows of a log are read with one statement.
constexpr int kChunksARead = 32;

constexpr const char* kTables[] = {
    ("CREATE TABLE IF NOT EXISTS sluice_job(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
     "name text NOT NULL UNIQUE, fingerprint text NOT NULL, generation bigint NOT NULL DEFAULT 1, "
     "shard_rows bigint NOT NULL, next_shard bigint NOT NULL DEFAULT 0, shards bigint, "
     "finisher bigint, complete boolean NOT NULL DEFAULT false, ends text NOT NULL DEFAULT '', "
     "surplus text NOT NULL DEFAULT '') WITH (fillfactor = 50)"),
    ("CREATE TABLE IF NOT EXISTS sluice_worker(id bigint PRIMARY KEY, job bigint NOT NULL, "
     "generation bigint NOT NULL, origin bigint NOT NULL, name text NOT NULL, "
     "fingerprint text NOT NULL, state text NOT NULL, lease_until timestamptz NOT NULL, "
     "endpoints text NOT NULL DEFAULT '', payers text[] NOT NULL DEFAULT '{}', answered bigint NOT "
     "NULL DEFAULT 0, "
     "rejected bigint NOT NULL DEFAULT 0, cost bigint NOT NULL DEFAULT 0, "
     "joined timestamptz NOT NULL DEFAULT clock_timestamp()) WITH (fillfactor = 50)"),
    ("CREATE INDEX IF NOT EXISTS sluice_worker_job ON sluice_worker(job)"),
    ("CREATE TABLE IF NOT EXISTS sluice_shard(job bigint NOT NULL, generation bigint NOT NULL, "
     "no bigint NOT NULL, worker bigint NOT NULL, before bigint[] NOT NULL DEFAULT '{}', done "
     "boolean NOT NULL DEFAULT false, "
     "PRIMARY KEY (job, generation, no)) WITH (fillfactor = 50)"),
    ("CREATE TABLE IF NOT EXISTS sluice_log(worker bigint NOT NULL, chunk bigint NOT NULL, "
     "records bytea NOT NULL, payer text NOT NULL DEFAULT '', PRIMARY KEY (worker, chunk))"),
    ("CREATE TABLE IF NOT EXISTS sluice_file(job bigint NOT NULL, name text NOT NULL, part bigint "
     "NOT NULL, parts bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (job, name, part))")};

postgres::Settings settings() {
  return {.called = "the checkpoint of fleet",
          .connect_timeout = std::chrono::seconds(5),
          .tcp_user_timeout = kStatementLimit,
          .writable = true};
}

// "1=east 2=west": the names of endpoints hold no blanks.
std::string text_of(const wal::EndpointNames& names) {
  std::string out;
  for (const auto& [number, name] : names)
    out += fmt::format("{}{}={}", out.empty() ? "" : "\n", number, name);
  return out;
}
wal::EndpointNames names_of(std::string_view text) {
  wal::EndpointNames names;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    std::uint32_t number = 0;
    if (equals == line.npos ||
        std::from_chars(line.data(), line.data() + equals, number).ec != std::errc())
      continue;
    names.emplace(number, line.substr(equals + 1));
  }
  return names;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

}  // namespace

WorkerId new_worker_id() {
  return static_cast<WorkerId>(core::random_bits() >> 1) | 1;
}

Board::Board(core::Secret url, std::function<void(std::string)> problem)
    : url_(std::move(url)), problem_(std::move(problem)) {}

Board::~Board() = default;

core::Result<std::unique_ptr<Board>> Board::open(const core::Secret& url,
                                                 std::function<void(std::string)> problem) {
  std::unique_ptr<Board> board(new Board(url, std::move(problem)));
  if (auto connected = board->connect(); !connected) return std::unexpected(connected.error());
  board->place_ = board->connection_->place();
  if (auto made = board->make_tables(); !made) return std::unexpected(made.error());
  return board;
}

core::Status Board::connect() {
  // The timeline, which is another with each promotion. What does not tell it may be another server each time.
  constexpr const char* kHistory = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
  auto made = postgres::Connection::connect(url_, settings());
  if (!made) return std::unexpected(made.error());
  const auto told = (*made)->run_within(kStatementLimit, kHistory, {});
  if (!told && told.error().lost) return std::unexpected((*made)->error(told.error()));
  const std::string history = told ? std::string(told->text(0, 0)) : std::string();
  if (connections_ > 0 && (history.empty() || history != history_))
    promoted_at_ = std::chrono::steady_clock::now();
  history_ = history;
  connection_ = std::move(*made);
  ++connections_;
  return {};
}

core::Status Board::make_tables() {
  const auto there = ask("SELECT to_regclass('sluice_file') IS NOT NULL", {});
  if (!there) return std::unexpected(there.error());
  if (there->text(0, 0) == "t") return {};
  // Two who make them at once may fail with a unique violation in the server's own catalogue.
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    core::Status made;
    for (const char* sql : kTables) {
      made = tell(sql, {});
      if (!made) break;
    }
    if (made || tries == kTries) return made;
    std::this_thread::sleep_for(kFirstWait);
  }
}

core::Result<postgres::PgResult> Board::ask(const std::string& sql, const Values& values,
                                            bool binary) {
  const std::lock_guard lock(mutex_);
  bool away = false;
  for (auto wait = kFirstWait;; wait = std::min(2 * wait, kLongestWait)) {
    std::string why;
    if (!connection_) {
      if (auto connected = connect(); !connected) why = connected.error().text();
    }
    if (connection_) {
      auto result = connection_->run_within(kStatementLimit, sql, values, binary);
      if (result) {
        if (away) problem_({});
        return std::move(*result);
      }
      if (!result.error().transient && !result.error().lost)
        return std::unexpected(connection_->error(result.error(), "the shared checkpoint"));
      why = connection_->error(result.error()).text();
      if (result.error().lost) connection_.reset();
    }
    if (hurry_) return core::fail(core::ErrorCode::io, "the shared checkpoint is away: " + why, {});
    if (!away) problem_(fmt::format("the shared checkpoint is away: {}; it is waited for", why));
    away = true;
    std::this_thread::sleep_for(wait);
  }
}

core::Status Board::tell(const std::string& sql, const Values& values) {
  auto result = ask(sql, values);
  if (!result) return std::unexpected(result.error());
  return {};
}

core::Result<std::optional<std::uint64_t>> Board::number(const std::string& sql,
                                                         const Values& values) {
  auto result = ask(sql, values);
  if (!result) return std::unexpected(result.error());
  if (result->rows() == 0 || result->null(0, 0)) return std::nullopt;
  return unsigned_at(*result, 0, 0);
}

std::uint64_t Board::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::optional<std::chrono::steady_clock::time_point> Board::promoted_at() const {
  const std::lock_guard lock(mutex_);
  return promoted_at_;
}

core::Result<Job> Board::enter(const std::string& name, const core::Hash128& fingerprint,
                               std::uint64_t shard_rows) {
  const std::string print = fingerprint.hex();
  if (auto made = tell(
          "INSERT INTO sluice_job(id, name, fingerprint, shard_rows) OVERRIDING SYSTEM "
          "VALUE VALUES($4, $1, $2, $3) ON CONFLICT (name) DO NOTHING",
          {sql_text(name), sql_text(print), sql_integer(shard_rows), sql_integer(new_worker_id())});
      !made)
    return std::unexpected(made.error());
  while (true) {
    auto job = ask("SELECT id, generation, shard_rows, fingerprint FROM sluice_job WHERE name = $1",
                   {sql_text(name)});
    if (!job) return std::unexpected(job.error());
    if (job->rows() == 0)
      return core::fail(core::ErrorCode::busy, "somebody forgets the job just now", name);
    const Job found = {.id = integer_at(*job, 0, 0),
                       .generation = integer_at(*job, 0, 1),
                       .shard_rows = unsigned_at(*job, 0, 2)};
    if (job->text(0, 3) == print) return found;
    auto at_work =
        ask("SELECT name FROM sluice_worker WHERE job = $1 AND state = 'alive' AND "
            "lease_until > clock_timestamp() ORDER BY joined LIMIT 1",
            {sql_integer(found.id)});
    if (!at_work) return std::unexpected(at_work.error());
    if (at_work->rows() > 0)
      return core::fail(core::ErrorCode::busy,
                        fmt::format("{} is at work on this job with another version of the "
                                    "pipeline file; stop all workers, then start them with the "
                                    "same file",
                                    at_work->text(0, 0)),
                        name);
    if (auto begun =
            tell("UPDATE sluice_job SET fingerprint = $3, generation = generation + 1, "
                 "shard_rows = $4, next_shard = 0, shards = NULL, finisher = NULL, "
                 "complete = false, ends = '', surplus = '' WHERE id = $1 AND generation = $2",
                 {sql_integer(found.id), sql_integer(found.generation), sql_text(print),
                  sql_integer(shard_rows)});
        !begun)
      return std::unexpected(begun.error());
  }
}

core::Result<std::optional<Job>> Board::find(const std::string& name) {
  auto job =
      ask("SELECT id, generation, shard_rows FROM sluice_job WHERE name = $1", {sql_text(name)});
  if (!job) return std::unexpected(job.error());
  if (job->rows() == 0) return std::nullopt;
  return Job{.id = integer_at(*job, 0, 0),
             .generation = integer_at(*job, 0, 1),
             .shard_rows = unsigned_at(*job, 0, 2)};
}

core::Status Board::forget(const std::string& name) {
  const auto job = find(name);
  if (!job) return std::unexpected(job.error());
  if (!*job) return {};
  const std::int64_t id = (*job)->id;
  auto alive =
      ask("SELECT name FROM sluice_worker WHERE job = $1 AND state = 'alive' AND "
          "lease_until > clock_timestamp() LIMIT 1",
          {sql_integer(id)});
  if (!alive) return std::unexpected(alive.error());
  if (alive->rows() > 0)
    return core::fail(core::ErrorCode::busy,
                      fmt::format("{} is at work on this job", alive->text(0, 0)), name);
  for (const char* sql :
       {"DELETE FROM sluice_log WHERE worker IN (SELECT id FROM sluice_worker WHERE job = $1)",
        "DELETE FROM sluice_file WHERE job = $1", "DELETE FROM sluice_worker WHERE job = $1",
        "DELETE FROM sluice_shard WHERE job = $1", "DELETE FROM sluice_job WHERE id = $1"})
    if (auto gone = tell(sql, {sql_integer(id)}); !gone) return gone;
  return {};
}

core::Status Board::add_worker(const Job& job, WorkerId worker, WorkerId origin,
                               const std::string& name, const core::Hash128& fingerprint) {
  return tell(
      fmt::format("INSERT INTO sluice_worker(id, job, generation, origin, name, fingerprint, "
                  "state, lease_until) VALUES($1, $2, $3, $4, $5, $6, 'alive', clock_timestamp() + "
                  "interval '{} s') ON CONFLICT (id) DO NOTHING",
                  kLease.count()),
      {sql_integer(worker), sql_integer(job.id), sql_integer(job.generation), sql_integer(origin),
       sql_text(name), sql_text(fingerprint.hex())});
}

core::Status Board::add_payer(WorkerId worker, const std::string& payer) {
  return tell(
      "UPDATE sluice_worker SET payers = payers || $2::text WHERE id = $1 AND NOT $2 = "
      "ANY(payers)",
      {sql_integer(worker), sql_text(payer)});
}

core::Status Board::name_endpoints(WorkerId worker, const wal::EndpointNames& names) {
  return tell("UPDATE sluice_worker SET endpoints = $2 WHERE id = $1",
              {sql_integer(worker), sql_text(text_of(names))});
}

core::Result<Renewed> Board::renew(WorkerId worker, const Tally& tally) {
  auto renewed =
      ask(fmt::format("WITH me AS (UPDATE sluice_worker SET lease_until = clock_timestamp() + "
                      "interval '{} s', answered = $2, rejected = $3, cost = $4 WHERE id = $1 AND "
                      "state = 'alive' RETURNING 1) SELECT EXISTS (SELECT 1 FROM me), (SELECT "
                      "coalesce(max(chunk), 0) FROM sluice_log l WHERE l.worker = w.id), (SELECT "
                      "count(*) FROM sluice_shard s WHERE s.job = w.job AND s.generation = "
                      "w.generation AND s.worker = w.id AND s.done), clock_timestamp() FROM "
                      "sluice_worker w WHERE w.id = $1",
                      kLease.count()),
          {sql_integer(worker), sql_integer(tally.answered), sql_integer(tally.rejected),
           sql_integer(tally.cost.picodollars())});
  if (!renewed) return std::unexpected(renewed.error());
  if (renewed->rows() == 0) return Renewed();
  return Renewed{.known = true,
                 .alive = renewed->text(0, 0) == "t",
                 .chunks = unsigned_at(*renewed, 0, 1),
                 .done = unsigned_at(*renewed, 0, 2),
                 .now = std::string(renewed->text(0, 3))};
}

core::Status Board::mark_dead(const Job& job, const std::string& when) {
  return tell(
      "UPDATE sluice_worker SET state = 'dead' WHERE job = $1 AND state = 'alive' AND "
      "lease_until < $2::timestamptz",
      {sql_integer(job.id), sql_text(when)});
}

core::Status Board::leave(WorkerId worker, const Tally& tally) {
  return tell(
      "UPDATE sluice_worker SET state = 'left', answered = $2, rejected = $3, cost = $4 "
      "WHERE id = $1 AND state = 'alive'",
      {sql_integer(worker), sql_integer(tally.answered), sql_integer(tally.rejected),
       sql_integer(tally.cost.picodollars())});
}

core::Result<std::vector<WorkerRow>> Board::workers(const Job& job) {
  auto rows =
      ask("SELECT w.id, w.origin, w.generation, w.name, w.state, w.fingerprint, "
          "w.endpoints, array_to_string(w.payers, ' '), w.answered, w.rejected, w.cost, (SELECT "
          "count(*) FROM sluice_shard "
          "s WHERE s.job = w.job AND s.generation = $2 AND s.worker = w.id), (SELECT "
          "coalesce(max(l.chunk), 0) FROM sluice_log l WHERE l.worker = w.id) FROM "
          "sluice_worker w WHERE w.job = $1 ORDER BY w.generation, w.joined, w.id",
          {sql_integer(job.id), sql_integer(job.generation)});
  if (!rows) return std::unexpected(rows.error());
  std::vector<WorkerRow> all;
  for (int i = 0; i < rows->rows(); ++i)
    all.push_back({.id = integer_at(*rows, i, 0),
                   .origin = integer_at(*rows, i, 1),
                   .generation = integer_at(*rows, i, 2),
                   .name = std::string(rows->text(i, 3)),
                   .state = std::string(rows->text(i, 4)),
                   .fingerprint = std::string(rows->text(i, 5)),
                   .endpoints = names_of(rows->text(i, 6)),
                   .payers = words_of(rows->text(i, 7)),
                   .tally = {.answered = unsigned_at(*rows, i, 8),
                             .rejected = unsigned_at(*rows, i, 9),
                             .cost = core::Money::picodollars(integer_at(*rows, i, 10))},
                   .shards = unsigned_at(*rows, i, 11),
                   .chunks = unsigned_at(*rows, i, 12)});
  return all;
}

core::Result<Board::Appended> Board::append(WorkerId worker, std::uint64_t chunk,
                                            const std::string& records, const std::string& payer) {
  // The worker's row is locked against mark_dead(), and gets no new version.
  auto state =
      ask("WITH me AS (SELECT state, $2::bigint = 1 OR EXISTS (SELECT 1 FROM sluice_log WHERE "
          "worker = $1 AND chunk = $2::bigint - 1) AS follows FROM sluice_worker WHERE id = $1 FOR "
          "SHARE), put AS "
          "(INSERT INTO sluice_log(worker, chunk, records, payer) SELECT $1, $2, $3, $4 FROM me "
          "WHERE state = 'alive' AND follows ON CONFLICT DO NOTHING) SELECT state, follows FROM me",
          {sql_integer(worker),
           sql_integer(chunk),
           {.bytes = records, .binary = true},
           sql_text(payer)});
  if (!state) return std::unexpected(state.error());
  if (state->rows() == 0) return Appended::unknown_worker;
  if (state->text(0, 0) != "alive") return Appended::not_alive;
  return state->text(0, 1) == "t" ? Appended::yes : Appended::gap;
}

core::Result<std::uint64_t> Board::last_chunk(WorkerId worker) {
  const auto last =
      number("SELECT max(chunk) FROM sluice_log WHERE worker = $1", {sql_integer(worker)});
  if (!last) return std::unexpected(last.error());
  return last->value_or(0);
}

core::Status Board::read_log(
    WorkerId worker,
    const std::function<core::Status(std::string_view records, std::string_view payer)>& each) {
  for (std::int64_t after = 0;;) {
    auto rows =
        ask(fmt::format("SELECT records, payer FROM sluice_log WHERE worker = $1 AND chunk > $2 "
                        "ORDER BY chunk LIMIT {}",
                        kChunksARead),
            {sql_integer(worker), sql_integer(after)}, true);
    if (!rows) return std::unexpected(rows.error());
    for (int i = 0; i < rows->rows(); ++i)
      if (auto taken = each(rows->text(i, 0), rows->text(i, 1)); !taken) return taken;
    if (rows->rows() < kChunksARead) return {};
    after += rows->rows();  // chunks have no gaps
  }
}

}  // namespace sluice::shared_job
