// Shards: who has which, and how far the job is.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <ranges>

#include "postgres/connection.h"
#include "shared_job/board.h"
#include "shared_job/sql_values.h"

namespace sluice::shared_job {
namespace {

// A generation of which the server has only the one before.
constexpr const char* kBegin =
    "UPDATE sluice_job SET generation = $2, fingerprint = $3, shard_rows = $4, next_shard = 0, "
    "shards = NULL, finisher = NULL, complete = false, ends = '', surplus = '' WHERE id = $1 AND "
    "generation < $2";

}  // namespace

core::Result<std::optional<std::uint64_t>> Board::take_new(const Job& job, WorkerId worker,
                                                           std::int64_t after) {
  // One that was given and whose reply was lost comes first: in one statement, which is made again when its own is.
  return number(
      "WITH me AS (SELECT 1 FROM sluice_worker WHERE id = $3 AND state = 'alive' FOR SHARE), mine "
      "AS (SELECT min(no) AS no FROM sluice_shard WHERE job = $1 AND generation = $2 AND worker = "
      "$3 AND no > $4 AND NOT done), next "
      "AS (UPDATE sluice_job SET next_shard = next_shard + 1 WHERE id = $1 AND generation = $2 AND "
      "(shards IS NULL OR next_shard < shards) AND EXISTS (SELECT 1 FROM me) AND (SELECT no FROM "
      "mine) IS NULL RETURNING next_shard - 1 AS no), put AS (INSERT INTO sluice_shard(job, "
      "generation, no, worker) SELECT $1, $2, no, $3 FROM next RETURNING no) SELECT coalesce("
      "(SELECT no FROM mine), (SELECT no FROM put))",
      {sql_integer(job.id), sql_integer(job.generation), sql_integer(worker), sql_integer(after)});
}

core::Result<std::optional<std::uint64_t>> Board::take_left_behind(const Job& job, WorkerId worker,
                                                                   std::uint64_t from,
                                                                   const std::set<WorkerId>& of) {
  return number(
      "UPDATE sluice_shard SET worker = $3, before = CASE worker WHEN $3 THEN before ELSE before "
      "|| "
      "worker END WHERE (job, generation, no) = (SELECT s.job, "
      "s.generation, s.no FROM sluice_shard s LEFT JOIN sluice_worker w ON w.id = s.worker WHERE "
      "s.job = $1 AND s.generation = $2 AND s.no >= $4 AND NOT s.done AND (s.worker = $3 OR "
      "w.state IS DISTINCT FROM 'alive') AND s.worker = ANY($5::bigint[]) ORDER BY s.no LIMIT 1 "
      "FOR UPDATE OF s SKIP "
      "LOCKED) "
      "AND EXISTS (SELECT 1 FROM sluice_worker WHERE id = $3 AND state = 'alive') RETURNING no",
      {sql_integer(job.id),
       sql_integer(job.generation),
       sql_integer(worker),
       sql_integer(from),
       {.bytes = fmt::format("{{{}{}{}}}", worker, of.empty() ? "" : ",", fmt::join(of, ","))}});
}

core::Result<LeftBehind> Board::left_behind(const Job& job) {
  auto rows =
      ask("SELECT DISTINCT s.worker, had FROM sluice_shard s LEFT JOIN sluice_worker w ON w.id = "
          "s.worker CROSS JOIN LATERAL unnest(s.before || s.worker) had WHERE s.job = $1 AND "
          "s.generation = $2 AND NOT s.done AND w.state IS DISTINCT FROM 'alive'",
          {sql_integer(job.id), sql_integer(job.generation)});
  if (!rows) return std::unexpected(rows.error());
  LeftBehind all;
  for (int i = 0; i < rows->rows(); ++i) {
    all.by.insert(integer_at(*rows, i, 0));
    if (const WorkerId had = integer_at(*rows, i, 1); had != 0) all.had.insert(had);
  }
  return all;
}

core::Status Board::leave_missing(const Job& job) {
  return tell(
      "INSERT INTO sluice_shard(job, generation, no, worker) SELECT j.id, j.generation, n, 0 FROM "
      "sluice_job j CROSS JOIN LATERAL generate_series(0, least(j.next_shard, j.shards) - 1) n "
      "WHERE j.id = $1 AND j.generation = $2 ON CONFLICT DO NOTHING",
      {sql_integer(job.id), sql_integer(job.generation)});
}

core::Status Board::set_shards(const Job& job, std::uint64_t shards) {
  if (auto set = tell("UPDATE sluice_job SET shards = $3 WHERE id = $1 AND generation = $2 AND "
                      "shards IS NULL",
                      {sql_integer(job.id), sql_integer(job.generation), sql_integer(shards)});
      !set)
    return set;
  // Those beyond the end were given to who had not read so far yet.
  return tell(
      "DELETE FROM sluice_shard USING sluice_job j WHERE job = $1 AND "
      "sluice_shard.generation = $2 AND j.id = $1 AND no >= j.shards",
      {sql_integer(job.id), sql_integer(job.generation)});
}

core::Result<bool> Board::set_done(const Job& job, WorkerId worker,
                                   const std::vector<std::uint64_t>& shards, std::uint64_t chunks) {
  auto set =
      ask("WITH log AS (SELECT coalesce(max(chunk), 0) >= $5 AS there FROM sluice_log WHERE worker "
          "= $3), put AS (UPDATE sluice_shard SET done = true WHERE job = $1 AND generation = $2 "
          "AND worker = $3 AND no = ANY($4::bigint[]) AND NOT done AND (SELECT there FROM log)) "
          "SELECT there FROM log",
          {sql_integer(job.id),
           sql_integer(job.generation),
           sql_integer(worker),
           {.bytes = fmt::format("{{{}}}", fmt::join(shards, ","))},
           sql_integer(chunks)});
  if (!set) return std::unexpected(set.error());
  return set->text(0, 0) == "t";
}

core::Result<Standing> Board::standing(const Job& job, WorkerId asks) {
  // A shard beyond the end of the input, which was given before that was known, does not count.
  auto row = ask(
      "WITH shard AS (SELECT s.done, s.worker, w.state FROM sluice_shard s JOIN sluice_job j ON "
      "j.id = s.job LEFT JOIN sluice_worker w ON w.id = s.worker WHERE s.job = $1 AND s.generation "
      "= $2 AND (j.shards IS NULL OR s.no < j.shards)) "
      "SELECT j.shards, j.next_shard, j.complete AND j.generation = $2, (SELECT count(*) FROM "
      "shard WHERE done), (SELECT count(*) FROM "
      "sluice_worker w WHERE w.job = $1 AND w.state = 'alive' AND w.lease_until > "
      "clock_timestamp()), (SELECT count(*) FROM shard WHERE NOT done AND state IS DISTINCT FROM "
      "'alive'), "
      "(SELECT w.name FROM sluice_worker w WHERE w.id = j.finisher), (SELECT count(*) FROM shard "
      "WHERE NOT done AND worker = $3), least(j.next_shard, j.shards) - (SELECT count(*) FROM "
      "shard) FROM sluice_job j WHERE j.id = $1",
      {sql_integer(job.id), sql_integer(job.generation), sql_integer(asks)});
  if (!row) return std::unexpected(row.error());
  if (row->rows() == 0)
    return core::fail(core::ErrorCode::io, "the job is gone from the shared checkpoint", place_);
  Standing out;
  if (!row->null(0, 0)) out.shards = unsigned_at(*row, 0, 0);
  out.given = unsigned_at(*row, 0, 1);
  out.complete = row->text(0, 2) == "t";
  out.done = unsigned_at(*row, 0, 3);
  out.workers = unsigned_at(*row, 0, 4);
  out.left_behind = unsigned_at(*row, 0, 5);
  out.finisher = row->text(0, 6);
  out.own = unsigned_at(*row, 0, 7);
  out.missing = static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_at(*row, 0, 8)));
  return out;
}

core::Result<bool> Board::take_finish(const Job& job, WorkerId worker, bool again) {
  const auto taken = number(
      "UPDATE sluice_job SET finisher = $3 WHERE id = $1 AND generation = $2 AND (NOT complete OR "
      "finisher = $3 OR $4::boolean) AND (finisher IS NULL "
      "OR finisher = $3 OR NOT EXISTS (SELECT 1 FROM sluice_worker w WHERE w.id = finisher AND "
      "w.state = 'alive')) AND EXISTS (SELECT 1 FROM sluice_worker w WHERE w.id = $3 AND w.state = "
      "'alive') RETURNING 1",
      {sql_integer(job.id), sql_integer(job.generation), sql_integer(worker),
       sql_text(again ? "t" : "f")});
  if (!taken) return std::unexpected(taken.error());
  return taken->has_value();
}

core::Result<bool> Board::set_complete(const Job& job, WorkerId worker, const Ending& ending) {
  std::string ends, surplus;
  for (const auto& [log, last] : ending.ends) ends += fmt::format("{}={}\n", log, last);
  for (const core::Hash128& row : ending.surplus) surplus += row.hex();
  const auto set = number(
      "UPDATE sluice_job SET complete = true, ends = $4, surplus = $5 WHERE id = $1 AND generation "
      "= "
      "$2 AND finisher = $3 RETURNING 1",
      {sql_integer(job.id), sql_integer(job.generation), sql_integer(worker), sql_text(ends),
       sql_text(surplus)});
  if (!set) return std::unexpected(set.error());
  return set->has_value();
}

core::Result<Ending> Board::ending(const Job& job) {
  auto row = ask("SELECT ends, surplus FROM sluice_job WHERE id = $1 AND generation = $2",
                 {sql_integer(job.id), sql_integer(job.generation)});
  if (!row) return std::unexpected(row.error());
  Ending ending;
  if (row->rows() == 0) return ending;
  for (std::string_view ends = row->text(0, 0); !ends.empty();) {
    const std::size_t line = ends.find('\n');
    const std::string_view one = ends.substr(0, line);
    ends.remove_prefix(line == ends.npos ? ends.size() : line + 1);
    WorkerId log = 0;
    std::uint64_t last = 0;
    const std::size_t equals = std::min(one.find('='), one.size());
    std::from_chars(one.data(), one.data() + equals, log);
    if (equals < one.size())
      std::from_chars(one.data() + equals + 1, one.data() + one.size(), last);
    ending.ends[log] = last;
  }
  constexpr std::size_t kDigits = 32;
  for (std::string_view rows = row->text(0, 1); rows.size() >= kDigits; rows.remove_prefix(kDigits))
    if (const auto hash = core::Hash128::from_hex(rows.substr(0, kDigits)))
      ending.surplus.push_back(*hash);
  return ending;
}

core::Status Board::restore(const Job& job, const std::string& name,
                            const core::Hash128& fingerprint, const Claim& claim) {
  const std::string print = fingerprint.hex();
  if (auto put = tell("INSERT INTO sluice_job(id, name, fingerprint, generation, shard_rows) "
                      "OVERRIDING SYSTEM VALUE VALUES($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                      {sql_integer(job.id), sql_text(name), sql_text(print),
                       sql_integer(job.generation), sql_integer(job.shard_rows)});
      !put)
    return put;
  if (auto put = tell(kBegin, {sql_integer(job.id), sql_integer(job.generation), sql_text(print),
                               sql_integer(job.shard_rows)});
      !put)
    return put;
  if (auto put = add_worker(job, claim.worker, claim.origin, claim.name, fingerprint); !put)
    return put;
  for (const std::string& payer : claim.payers)
    if (auto put = add_payer(claim.worker, payer); !put) return put;
  if (claim.shards.empty()) return {};
  if (auto put = tell(
          "WITH log AS (SELECT coalesce(max(chunk), 0) >= $6 AS there FROM sluice_log WHERE worker "
          "= $3) INSERT INTO sluice_shard(job, generation, no, worker, done) SELECT $1, $2, "
          "mine.no, $3, mine.done AND log.there FROM unnest($4::bigint[], $5::boolean[]) AS "
          "mine(no, done), log, sluice_job j WHERE j.id = $1 AND j.generation = $2 AND (j.shards "
          "IS NULL OR mine.no < j.shards) ON CONFLICT (job, generation, no) DO UPDATE SET done = "
          "sluice_shard.done OR excluded.done, worker = CASE WHEN sluice_shard.worker = "
          "ANY($7::bigint[]) THEN excluded.worker ELSE sluice_shard.worker END, before = CASE WHEN "
          "sluice_shard.worker = excluded.worker THEN sluice_shard.before WHEN sluice_shard.worker "
          "= ANY($7::bigint[]) THEN sluice_shard.before || sluice_shard.worker WHEN "
          "excluded.worker "
          "= ANY(sluice_shard.before) THEN sluice_shard.before ELSE sluice_shard.before || "
          "excluded.worker END",
          {sql_integer(job.id),
           sql_integer(job.generation),
           sql_integer(claim.worker),
           {.bytes = fmt::format("{{{}}}", fmt::join(std::views::keys(claim.shards), ","))},
           {.bytes = fmt::format("{{{}}}", fmt::join(std::views::values(claim.shards), ","))},
           sql_integer(claim.chunks),
           {.bytes = fmt::format("{{0{}{}}}", claim.taken_from.empty() ? "" : ",",
                                 fmt::join(claim.taken_from, ","))}});
      !put)
    return put;
  return tell(
      "UPDATE sluice_job SET next_shard = greatest(next_shard, $3::bigint + 1) WHERE id = $1 AND "
      "generation = $2",
      {sql_integer(job.id), sql_integer(job.generation),
       sql_integer(claim.shards.rbegin()->first)});
}

}  // namespace sluice::shared_job
