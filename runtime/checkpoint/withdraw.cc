#include "checkpoint/withdraw.h"

#include <fmt/format.h>

#include "checkpoint/block.h"
#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {
namespace {

// So many marks are held in memory at once.
constexpr std::size_t kAtOnce = std::size_t{1} << 16;

std::unexpected<core::Error> damaged(const store::SqliteStore& store, std::int64_t block) {
  return store::corrupt(store.path(),
                        fmt::format("the checkpoint is damaged: the keys of block {}", block));
}

struct Marked {
  std::uint64_t answers = 0;
  std::uint64_t rejects = 0;
};

core::Status mark(store::SqliteStore& store, const Withdrawal& withdrawal, Marked& marked) {
  auto bytes = store.keys(withdrawal.block);
  if (!bytes) return std::unexpected(bytes.error());
  auto keys = BlockKeys::decode(std::move(*bytes));
  if (!keys) return damaged(store, withdrawal.block);
  for (const std::uint32_t i : withdrawal.records) {
    ++(keys->at(i).kind == store::Kind::answer ? marked.answers : marked.rejects);
    keys->withdraw(i);
  }
  std::uint32_t standing = 0;
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const KeyRecord record = keys->at(i);
    if (record.kind == store::Kind::reject && !record.withdrawn) ++standing;
  }
  return store.replace_keys(withdrawal.block, standing, keys->encoded());
}

}  // namespace

core::Result<std::uint64_t> withdraw(store::SqliteStore& store,
                                     std::span<const Withdrawal> withdrawals) {
  Marked marked;
  for (const Withdrawal& withdrawal : withdrawals)
    if (auto status = mark(store, withdrawal, marked); !status)
      return std::unexpected(status.error());
  if (marked.answers + marked.rejects == 0) return 0;
  auto job = store.job();
  if (!job) return std::unexpected(job.error());
  if (marked.answers > job->answered || marked.rejects > job->rejected)
    return store::corrupt(store.path(),
                          "the checkpoint is damaged: its counts and its blocks disagree");
  job->answered -= marked.answers;
  job->rejected -= marked.rejects;
  job->rejects_block = 0;
  job->projected.rejects = 0;
  job->proof.rejects.clear();
  if (marked.answers > 0) {
    job->projected_block = 0;
    job->projected.answers = 0;
    job->proof.answers.clear();
  }
  if (auto status = store.put_job(*job); !status) return std::unexpected(status.error());
  return marked.answers + marked.rejects;
}

core::Result<std::uint64_t> withdraw_missing(
    store::SqliteStore& store,
    const std::function<core::Result<bool>(const core::Hash128& row)>& missing,
    const std::function<core::Status()>& also) {
  const auto job = store.job();
  if (!job) return std::unexpected(job.error());
  std::uint64_t rows = 0;
  std::int64_t after = 0;
  bool more = true;
  store::Kind kind = store::Kind::reject;
  const auto collect = [&](std::vector<Withdrawal>& found) {
    std::size_t held = 0;
    more = false;
    return store.scan_keys(
        after, [&](std::int64_t block, std::int64_t generation, std::string bytes) -> core::Status {
          if (held >= kAtOnce) {
            more = true;
            // Nothing is wrong, but a scan ends only at an error.
            return core::fail(core::ErrorCode::internal, "enough");
          }
          after = block;
          if (generation != job->generation) return {};
          const auto keys = BlockKeys::decode(std::move(bytes));
          if (!keys) return damaged(store, block);
          Withdrawal withdrawal{.block = block, .records = {}};
          for (std::size_t i = 0; i < keys->size(); ++i) {
            const KeyRecord record = keys->at(i);
            if (record.withdrawn || record.kind != kind) continue;
            const core::Result<bool> gone = record.old_row ? true : missing(record.row);
            if (!gone) return std::unexpected(gone.error());
            if (*gone) withdrawal.records.push_back(static_cast<std::uint32_t>(i));
          }
          held += withdrawal.records.size();
          if (!withdrawal.records.empty()) found.push_back(std::move(withdrawal));
          return {};
        });
  };
  auto status = store.transact([&]() -> core::Status {
    for (const store::Kind each : {store::Kind::reject, store::Kind::answer}) {
      kind = each;
      after = 0;
      more = true;
      while (more) {
        std::vector<Withdrawal> found;
        if (auto scanned = collect(found); !scanned && !more) return scanned;
        const auto withdrawn = withdraw(store, found);
        if (!withdrawn) return std::unexpected(withdrawn.error());
        rows += *withdrawn;
      }
    }
    return also();
  });
  if (!status) return std::unexpected(status.error());
  return rows;
}

}  // namespace sluice::checkpoint
