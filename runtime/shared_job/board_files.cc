// Files that a job's processes have in common.
#include <fmt/format.h>

#include <string_view>

#include "postgres/connection.h"
#include "shared_job/board.h"
#include "shared_job/sql_values.h"

namespace sluice::shared_job {
namespace {

// $1: the job, $2: the worker that finishes it; its row is locked against mark_dead().
constexpr std::string_view kFinisher =
    "WITH me AS (SELECT w.id FROM sluice_worker w JOIN sluice_job j ON j.finisher = w.id WHERE "
    "j.id = $1 AND w.id = $2 AND w.state = 'alive' FOR SHARE OF w) ";

}  // namespace

core::Result<bool> Board::put_file(
    const Job& job, WorkerId worker, const std::string& name, std::uint64_t parts,
    const std::function<core::Result<std::string>(std::uint64_t)>& part) {
  const auto mine = sql_integer(worker);
  if (auto gone = tell(fmt::format("{}DELETE FROM sluice_file WHERE job = $1 AND name = $3 AND "
                                   "EXISTS (SELECT 1 FROM me)",
                                   kFinisher),
                       {sql_integer(job.id), mine, sql_text(name)});
      !gone)
    return std::unexpected(gone.error());
  for (std::uint64_t number = 0; number < parts; ++number) {
    auto bytes = part(number);
    if (!bytes) return std::unexpected(bytes.error());
    const auto put =
        this->number(fmt::format("{}INSERT INTO sluice_file(job, name, part, parts, bytes) SELECT "
                                 "$1, $3, $4, $5, $6 FROM me ON CONFLICT (job, name, part) DO "
                                 "UPDATE SET parts = excluded.parts, bytes = excluded.bytes "
                                 "RETURNING 1",
                                 kFinisher),
                     {sql_integer(job.id),
                      mine,
                      sql_text(name),
                      sql_integer(number),
                      sql_integer(parts),
                      {.bytes = std::move(*bytes), .binary = true}});
    if (!put) return std::unexpected(put.error());
    if (!*put) return false;
  }
  return true;
}

core::Result<std::vector<std::string>> Board::files(const Job& job) {
  auto rows =
      ask("SELECT name FROM sluice_file WHERE job = $1 GROUP BY name HAVING count(*) = max(parts) "
          "ORDER BY name",
          {sql_integer(job.id)});
  if (!rows) return std::unexpected(rows.error());
  std::vector<std::string> names;
  for (int i = 0; i < rows->rows(); ++i) names.emplace_back(rows->text(i, 0));
  return names;
}

core::Status Board::read_file(const Job& job, const std::string& name,
                              const std::function<core::Status(std::string_view)>& each) {
  for (std::uint64_t number = 0, parts = 1; number < parts; ++number) {
    auto row =
        ask("SELECT bytes, parts::text::bytea FROM sluice_file WHERE job = $1 AND name = $2 AND "
            "part = $3",
            {sql_integer(job.id), sql_text(name), sql_integer(number)}, true);
    if (!row) return std::unexpected(row.error());
    if (row->rows() == 0)
      return core::fail(core::ErrorCode::io, "a file of the shared job is gone: " + name, place_);
    parts = unsigned_at(*row, 0, 1);
    if (auto taken = each(row->text(0, 0)); !taken) return taken;
  }
  return {};
}

core::Status Board::leave_file(const Job& job, const std::string& name, const std::string& bytes) {
  return tell(
      "INSERT INTO sluice_file(job, name, part, parts, bytes) VALUES($1, $2, 0, 1, $3) ON CONFLICT "
      "(job, name, part) DO UPDATE SET bytes = excluded.bytes",
      {sql_integer(job.id), sql_text(name), {.bytes = bytes, .binary = true}});
}

core::Status Board::remove_file(const Job& job, const std::string& name) {
  return tell("DELETE FROM sluice_file WHERE job = $1 AND name = $2",
              {sql_integer(job.id), sql_text(name)});
}

}  // namespace sluice::shared_job
