#include "passes/take_over.h"

#include <fmt/format.h>

#include <algorithm>
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

core::Status take_log(shared_job::Board& board, checkpoint::Import& import,
                      const WorkerRow& worker) {
  const std::string name = std::to_string(worker.id);
  if (import.whole(name)) return {};
  import.begin({.name = name, .endpoints = worker.endpoints, .ended = !worker.alive()});
  auto read = board.read_log(worker.id, [&](std::string_view bytes) -> core::Status {
    std::vector<wal::Record> records;
    while (!bytes.empty()) {
      auto record = wal::take_record(bytes);
      if (!record)
        return core::fail(
            core::ErrorCode::corrupt,
            fmt::format("the shared checkpoint is damaged: the log of worker {}", worker.id),
            board.place());
      records.push_back(std::move(*record));
    }
    return import.add(records);
  });
  if (!read) return read;
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
  const auto workers = board.workers(job);
  if (!workers) return std::unexpected(workers.error());
  const auto standing = board.standing(job);
  if (!standing) return std::unexpected(standing.error());
  const auto begun = checkpoint::Import::begun(what.directory, what.fingerprint);
  if (!begun) return std::unexpected(begun.error());
  std::map<std::int64_t, std::vector<const WorkerRow*>> generations;
  for (const WorkerRow& worker : *workers) {
    const bool present = worker.generation == job.generation;
    if (present ? what.wanted(worker) : !*begun) generations[worker.generation].push_back(&worker);
  }
  generations[job.generation];  // the last, whoever was at work before
  for (const auto& [generation, logs] : generations) {
    core::Hash128 fingerprint = what.fingerprint;
    if (generation != job.generation) {
      const auto theirs = fingerprint_of(*logs.front());
      if (!theirs) return std::unexpected(theirs.error());
      fingerprint = *theirs;
    }
    auto import = checkpoint::Import::open(what.directory, what.job, fingerprint);
    if (!import) return std::unexpected(import.error());
    for (const WorkerRow* worker : logs) {
      const bool own = std::ranges::find(what.own, worker->id) != what.own.end();
      core::Status taken =
          own ? (*import)->skip(std::to_string(worker->id)) : take_log(board, **import, *worker);
      if (!taken) return taken;
    }
    if (generation == job.generation && standing->complete)
      if (auto set = (*import)->set_input_complete(); !set) return set;
    if (auto closed = (*import)->close(); !closed) return closed;
  }
  return {};
}

}  // namespace sluice::passes
