#include "checkpoint/redo.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <vector>

#include "checkpoint/block.h"
#include "checkpoint/recovery.h"
#include "checkpoint/withdraw.h"
#include "store/job_lock.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {
namespace {

core::Result<std::vector<Withdrawal>> find_rejects(
    store::SqliteStore& store, std::int64_t generation,
    const std::function<bool(std::string_view)>& wanted) {
  std::vector<Withdrawal> found;
  auto status = store.scan_blocks(
      generation, std::numeric_limits<std::int64_t>::max(), 0,
      [&](std::int64_t block, std::string bytes, std::string_view payload) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        const auto lines = keys ? BlockLines::decode(payload, *keys) : std::nullopt;
        if (!lines)
          return store::corrupt(
              store.path(),
              fmt::format("the checkpoint is damaged: the rejects of block {}", block));
        Withdrawal withdrawal{.block = block, .records = {}};
        for (std::size_t i = 0; i < keys->size(); ++i) {
          const KeyRecord record = keys->at(i);
          if (record.kind != store::Kind::reject || record.withdrawn) continue;
          if (wanted(lines->line(i))) withdrawal.records.push_back(static_cast<std::uint32_t>(i));
        }
        if (!withdrawal.records.empty()) found.push_back(std::move(withdrawal));
        return {};
      });
  if (!status) return std::unexpected(status.error());
  return found;
}

}  // namespace

core::Result<std::uint64_t> take_back(const std::string& directory, const std::string& job,
                                      const core::Hash128& fingerprint,
                                      const std::function<bool(std::string_view line)>& wanted) {
  // A reader first: a job that never ran is not to be made by asking for its rejects.
  if (auto there = store::SqliteStore::open_reader(directory); !there)
    return std::unexpected(there.error());
  const auto lock = store::JobLock::take(directory, job);
  if (!lock) return std::unexpected(lock.error());
  auto opened = store::SqliteStore::open(directory);
  if (!opened) return std::unexpected(opened.error());
  store::SqliteStore& store = **opened;
  if (auto status = store.check(); !status) return std::unexpected(status.error());
  if (auto status = replay(store, directory); !status) return std::unexpected(status.error());
  auto state = store.job();
  if (!state) return std::unexpected(state.error());
  std::optional<core::Hash128> stored;
  if (state->generation != 0) {
    const auto last = store.fingerprint(state->generation);
    if (!last) return std::unexpected(last.error());
    stored = *last;
  }
  if (auto same = store.expect_fingerprint(stored, fingerprint); !same)
    return std::unexpected(same.error());

  const auto found = find_rejects(store, state->generation, wanted);
  if (!found) return std::unexpected(found.error());
  std::uint64_t rows = 0;
  const core::Status written = store.transact([&]() -> core::Status {
    const auto withdrawn = withdraw(store, *found);
    if (!withdrawn) return std::unexpected(withdrawn.error());
    rows = *withdrawn;
    return {};
  });
  if (!written) return std::unexpected(written.error());
  if (auto closed = store.close(); !closed) return std::unexpected(closed.error());
  return rows;
}

}  // namespace sluice::checkpoint
