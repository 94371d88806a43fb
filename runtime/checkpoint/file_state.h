// What the checkpoint's file holds of a job, in memory, and how intents and results change it: the
// one place where they do. A commit of a run applies and writes (journal.h), an opening applies and
// writes what a killed run left in the write-ahead log, a view applies that and writes nothing
// (recovery.h).
//
//   file ──load()──▶ FileState ──intend(), settle(), add()──▶ FileState ──write()──▶ file
//
// Threads: one at a time.
//
// Invariants:
//   1. Rows, ledger and attempts change together: write() puts all that was applied since the last
//      one, and the job's counts, into the caller's one transaction.
//   2. After a failure of write() or of the transaction the FileState is ahead of the file, and of
//      no use.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/attempts.h"
#include "checkpoint/batches.h"
#include "checkpoint/block.h"
#include "checkpoint/duplicate_answer_filter.h"
#include "checkpoint/ledger.h"
#include "checkpoint/models.h"
#include "store/sqlite_store.h"
#include "wal/record.h"

namespace sluice::checkpoint {

class FileState {
 public:
  // As the file has it. `endpoints` and `models`: as in Options; those that are not in the file yet
  // are written by the next write(). ErrorCode::corrupt where the file cannot be.
  static core::Result<std::unique_ptr<FileState>> load(store::SqliteStore& store,
                                                       const std::vector<std::string>& endpoints,
                                                       const std::vector<std::string>& models);

  struct Block {
    std::int64_t number = 0;
    BlockBuilder::Block block;
    std::vector<core::Hash128> questions;  // to be indexed
  };

  // `endpoint`: Ledger::number(), which the ledger has.
  void intend(std::uint32_t endpoint, const store::Intent& intent);
  void settle(std::uint32_t endpoint, const store::Settlement& settlement);
  // `repeats`: null where repeats need not be known. They are then marked as none, which costs the
  // question index a second slot and nothing else.
  core::Status add(const store::Entry& entry, DuplicateAnswerFilter* repeats);
  // What was added and fills no block becomes one.
  core::Status close_block();
  // All of these for records of the write-ahead log, in their order. Each intent counts towards its
  // day's use as well, since what a run said of that may be older. ErrorCode::corrupt where a
  // record does not belong to the file.
  core::Status apply(std::span<const wal::Record> records);

  // Writes what was applied, in the store's transaction.
  core::Status write(store::SqliteStore& store);
  // Those that were made since the last take_blocks(), in order.
  const std::vector<Block>& blocks() const { return blocks_; }
  std::vector<Block> take_blocks();

  store::JobState job;
  Ledger ledger;
  Attempts attempts;
  Models models;
  Batches batches;

 private:
  FileState(const std::string& path, store::JobState state, Ledger ledger, Models models,
            std::int64_t last_block);

  const std::string path_;  // of the file, for messages
  std::int64_t last_block_;
  BlockBuilder builder_;
  std::vector<core::Hash128> questions_;  // of the block that is being built
  std::vector<Block> blocks_;
  std::size_t written_ = 0;  // of blocks_
};

}  // namespace sluice::checkpoint
