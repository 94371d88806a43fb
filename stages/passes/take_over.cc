#include "passes/take_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "checkpoint/import.h"
#include "passes/worker_logs.h"

namespace sluice::passes {
namespace {

using shared_job::WorkerRow;

core::Result<core::Hash128> fingerprint_of(const WorkerRow& worker) {
  const auto fingerprint = core::Hash128::from_hex(worker.fingerprint);
  if (fingerprint) return *fingerprint;
  return core::fail(
      core::ErrorCode::corrupt,
      fmt::format("the shared checkpoint is damaged: worker {} has no fingerprint", worker.id));
}

// So many rows are taken with one transaction.
constexpr std::size_t kRowsAtOnce = 4096;

core::Status take_log(shared_job::Board& board, checkpoint::Import& import, const WorkerLog& log,
                      std::uint64_t rows_until) {
  // One that has ended may grow: its worker lives, and a server that was promoted does not know that it was dead.
  if (import.whole(log.name(), log.chunks())) return {};
  checkpoint::ForeignLog foreign = {
      .name = log.name(), .parts = log.chunks(), .ended = !log.alive(), .rows_until = rows_until};
  for (const WorkerRow* part : log.parts)
    foreign.endpoints.insert(part->endpoints.begin(), part->endpoints.end());
  import.begin(std::move(foreign));
  std::vector<wal::Record> records;
  std::size_t rows = 0;
  auto read = read_records(board, log,
                           [&](std::vector<wal::Record> more, std::string_view) -> core::Status {
                             for (wal::Record& record : more) {
                               rows += record.results.entries.size();
                               records.push_back(std::move(record));
                             }
                             if (rows < kRowsAtOnce) return {};
                             rows = 0;
                             return import.add(std::exchange(records, {}));
                           });
  if (!read) return read;
  if (auto rest = import.add(records); !rest) return rest;
  return import.end();
}

}  // namespace

core::Status take_all(shared_job::Board& board, const shared_job::Job& job,
                      const std::string& directory, const std::string& name) {
  const auto workers = board.workers(job);
  if (!workers) return std::unexpected(workers.error());
  const auto present = std::ranges::find(*workers, job.generation, &WorkerRow::generation);
  if (present == workers->end()) return {};
  const auto fingerprint = fingerprint_of(*present);
  if (!fingerprint) return std::unexpected(fingerprint.error());
  return take_over(board, job,
                   {directory, name, *fingerprint, [](const WorkerRow&) { return true; }, {}});
}

core::Status take_over(shared_job::Board& board, const shared_job::Job& job, const TakeOver& what) {
  const auto standing = board.standing(job);
  if (!standing) return std::unexpected(standing.error());
  const auto ending = board.ending(job);
  if (!ending) return std::unexpected(ending.error());
  const auto workers = board.workers(job);
  if (!workers) return std::unexpected(workers.error());
  const auto begun = checkpoint::Import::begun(what.directory, what.fingerprint);
  if (!begun) return std::unexpected(begun.error());
  std::map<std::int64_t, std::vector<WorkerLog>> generations;
  for (WorkerLog& log : logs_of(*workers)) {
    const std::int64_t generation = log.parts.front()->generation;
    const bool present = generation == job.generation;
    const bool wanted =
        present ? std::ranges::any_of(log.parts,
                                      [&](const WorkerRow* part) { return what.wanted(*part); })
                : !*begun;
    if (wanted) generations[generation].push_back(std::move(log));
  }
  generations[job.generation];  // the last, and there in any case
  for (const auto& [generation, logs] : generations) {
    const bool present = generation == job.generation;
    core::Hash128 fingerprint = what.fingerprint;
    if (!present) {
      const auto theirs = fingerprint_of(*logs.front().parts.front());
      if (!theirs) return std::unexpected(theirs.error());
      fingerprint = *theirs;
    }
    auto import = checkpoint::Import::open(what.directory, what.job, fingerprint);
    if (!import) return std::unexpected(import.error());
    for (const WorkerLog& log : logs) {
      std::uint64_t rows_until = std::numeric_limits<std::uint64_t>::max();
      if (present && standing->complete) {
        const auto end = ending->ends.find(log.first());
        rows_until = end == ending->ends.end() ? 0 : end->second;
      }
      const bool own = std::ranges::find(what.own, log.parts.back()->id) != what.own.end();
      core::Status taken =
          own ? (*import)->skip(log.name()) : take_log(board, **import, log, rows_until);
      if (!taken) return taken;
    }
    if (present && standing->complete) {
      if (auto gone = (*import)->withdraw(ending->surplus); !gone) return gone;
      if (auto set = (*import)->set_input_complete(); !set) return set;
    }
    if (auto closed = (*import)->close(); !closed) return closed;
  }
  return {};
}

core::Result<bool> set_complete(shared_job::Board& board, const shared_job::Job& job,
                                shared_job::WorkerId finisher, const TakeOver& what,
                                const std::vector<core::Hash128>& surplus) {
  auto ending = board.ending(job);
  if (!ending) return std::unexpected(ending.error());
  auto import = checkpoint::Import::open(what.directory, what.job, what.fingerprint);
  if (!import) return std::unexpected(import.error());
  for (const auto& [name, taken] : (*import)->taken()) {
    shared_job::WorkerId log = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), log);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size())
      ending->ends[log] = taken.last;
  }
  ending->surplus.insert(ending->surplus.end(), surplus.begin(), surplus.end());
  const auto set = board.set_complete(job, finisher, *ending);
  if (!set || !*set) return set;
  if (auto done = (*import)->withdraw(ending->surplus, true); !done)
    return std::unexpected(done.error());
  if (auto closed = (*import)->close(); !closed) return std::unexpected(closed.error());
  return true;
}

}  // namespace sluice::passes
