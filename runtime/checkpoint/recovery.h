// What a killed run left in the write-ahead log (wal/wal.h), as the checkpoint's file would have it: for
// the next writer, who puts it there, and for readers, who may not.
//
// Threads: one at a time.
//
// Invariants:
//   1. Recovering twice gives the same: the records that absorb() has put into the file are folded,
//      and read_log() leaves them out.
//   2. Rows, ledger and attempts change together, as in Journal::commit().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/attempts.h"
#include "checkpoint/block.h"
#include "checkpoint/ledger.h"
#include "checkpoint/models.h"
#include "store/sqlite_store.h"
#include "wal/wal.h"

namespace sluice::checkpoint {

struct Recovered {
  store::JobState job;
  Ledger ledger;
  Attempts attempts;
  Models models;
  struct Block {
    std::int64_t number = 0;
    BlockBuilder::Block block;
  };
  std::vector<Block> blocks;  // behind the file's last
};

// ErrorCode::corrupt when `directory` has a log with records and no file that they belong to: a new
// file must not be made beside it.
core::Status refuse_log_without_file(const std::string& directory);

// The file's state and the tail's records together. `store` is only read.
// ErrorCode::corrupt when the two do not belong together.
core::Result<std::unique_ptr<Recovered>> recover(store::SqliteStore& store,
                                                 const wal::LogTail& tail);

// Writes what the write-ahead log in `directory` has beyond the file into the file, in one transaction.
core::Status absorb(store::SqliteStore& store, const std::string& directory);

}  // namespace sluice::checkpoint
