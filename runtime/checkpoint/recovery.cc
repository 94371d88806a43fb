#include "checkpoint/recovery.h"

namespace sluice::checkpoint {

core::Status refuse_log_without_file(const std::string& directory) {
  if (store::SqliteStore::exists(directory)) return {};
  const auto tail = wal::read_log(directory, 0);
  if (!tail) return std::unexpected(tail.error());
  if (tail->records.empty() && !tail->outrun) return {};
  return store::corrupt(directory,
                        "checkpoint.db is missing, but its write-ahead log (tail-0, tail-1) is "
                        "there and may hold answers");
}

core::Result<std::unique_ptr<FileState>> recover(store::SqliteStore& store,
                                                 const wal::LogTail& tail) {
  auto state = FileState::load(store, {}, {});
  if (!state) return std::unexpected(state.error());
  if (auto status = (*state)->apply(tail.records); !status) return std::unexpected(status.error());
  return state;
}

core::Status replay(store::SqliteStore& store, const std::string& directory) {
  const auto job = store.job();
  if (!job) return std::unexpected(job.error());
  const auto tail = wal::read_log(directory, job->applied);
  if (!tail) return std::unexpected(tail.error());
  if (tail->records.empty()) return {};
  const auto state = recover(store, *tail);
  if (!state) return std::unexpected(state.error());
  return store.transact([&] { return (*state)->write(store); });
}

}  // namespace sluice::checkpoint
