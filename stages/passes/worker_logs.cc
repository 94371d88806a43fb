#include "passes/worker_logs.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::passes {

using shared_job::WorkerRow;

std::uint64_t WorkerLog::chunks() const {
  std::uint64_t sum = 0;
  for (const WorkerRow* part : parts) sum += part->chunks;
  return sum;
}

std::vector<WorkerLog> logs_of(const std::vector<WorkerRow>& workers) {
  std::vector<WorkerLog> logs;
  for (const WorkerRow& worker : workers) {
    const auto before = std::ranges::find_if(
        logs, [&](const WorkerLog& log) { return worker.origin == log.parts.back()->id; });
    if (worker.origin != 0 && before != logs.end()) {
      before->parts.push_back(&worker);
    } else {
      logs.push_back({{&worker}});
    }
  }
  return logs;
}

core::Status read_records(shared_job::Board& board, const WorkerLog& log, const EachRecords& each) {
  for (const WorkerRow* part : log.parts) {
    auto read = board.read_log(
        part->id, [&](std::string_view bytes, std::string_view payer) -> core::Status {
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
          return each(std::move(records), payer);
        });
    if (!read) return read;
  }
  return {};
}

}  // namespace sluice::passes
