#include "passes/take_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "checkpoint/import.h"

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

// The workers of one process, one after the other as each was taken for dead: together they wrote one log.
struct Log {
  std::vector<const WorkerRow*> parts;
  shared_job::WorkerId first() const { return parts.front()->id; }
  std::string name() const { return std::to_string(first()); }
};

// In the order in which they were begun.
std::vector<Log> logs_of(const std::vector<WorkerRow>& workers) {
  std::vector<Log> logs;
  for (const WorkerRow& worker : workers) {
    const auto before = std::ranges::find_if(
        logs, [&](const Log& log) { return worker.origin == log.parts.back()->id; });
    if (worker.origin != 0 && before != logs.end()) {
      before->parts.push_back(&worker);
    } else {
      logs.push_back({{&worker}});
    }
  }
  return logs;
}

core::Status take_log(shared_job::Board& board, checkpoint::Import& import, const Log& log,
                      std::uint64_t rows_until) {
  if (import.whole(log.name(), log.parts.size())) return {};
  checkpoint::ForeignLog foreign = {.name = log.name(),
                                    .parts = log.parts.size(),
                                    .ended = !log.parts.back()->alive(),
                                    .rows_until = rows_until};
  for (const WorkerRow* part : log.parts)
    foreign.endpoints.insert(part->endpoints.begin(), part->endpoints.end());
  import.begin(std::move(foreign));
  for (const WorkerRow* part : log.parts) {
    auto read = board.read_log(part->id, [&](std::string_view bytes) -> core::Status {
      std::vector<wal::Record> records;
      while (!bytes.empty()) {
        auto record = wal::take_record(bytes);
        if (!record)
          return core::fail(
              core::ErrorCode::corrupt,
              fmt::format("the shared checkpoint is damaged: the log of worker {}", part->id),
              board.place());
        records.push_back(std::move(*record));
      }
      return import.add(records);
    });
    if (!read) return read;
  }
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
  std::map<std::int64_t, std::vector<Log>> generations;
  for (Log& log : logs_of(*workers)) {
    const std::int64_t generation = log.parts.front()->generation;
    const bool present = generation == job.generation;
    const bool wanted =
        present ? std::ranges::any_of(log.parts,
                                      [&](const WorkerRow* part) { return what.wanted(*part); })
                : !*begun;
    if (wanted) generations[generation].push_back(std::move(log));
  }
  generations[job.generation];  // the last, whoever was at work before
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
    for (const Log& log : logs) {
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

core::Status set_complete(shared_job::Board& board, const shared_job::Job& job,
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
  if (auto set = board.set_complete(job, finisher, *ending); !set) return set;
  if (auto done = (*import)->withdraw(ending->surplus, true); !done) return done;
  return (*import)->close();
}

}  // namespace sluice::passes
