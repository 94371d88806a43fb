// What a killed run left in the write-ahead log (wal/wal.h): for the next writer, who replays it into
// the checkpoint's file, and for readers, who may not. Both apply it as a commit of the run would
// have (file_state.h); there is no other way for a record into the file.
//
// Threads: one at a time.
//
// Invariants:
//   1. Recovering twice gives the same: what replay() has written is behind JobState::applied, in
//      the same transaction, and read_log() leaves it out.
//   2. A crash in the middle of replay() leaves the file as it was, and the log whole: it is
//      emptied (WriteAheadLog::create()) only after replay() has returned, and what replay() wrote
//      is synced then, also with Durability::process (journal.h, invariant 9). The next opening
//      begins again.
//   3. The records go to the generation that the file has, which is that of the run that wrote
//      them: a new one begins after replay().
#pragma once

#include <memory>
#include <string>

#include "checkpoint/file_state.h"
#include "store/sqlite_store.h"
#include "wal/wal.h"

namespace sluice::checkpoint {

// ErrorCode::corrupt when `directory` has a log with records and no file that they belong to: a new
// file must not be made beside it.
core::Status refuse_log_without_file(const std::string& directory);

// The file's state with the tail's records applied; its blocks() are those that only the log has.
// `store` is only read. ErrorCode::corrupt when the two do not belong together.
core::Result<std::unique_ptr<FileState>> recover(store::SqliteStore& store,
                                                 const wal::LogTail& tail);

// Writes what the write-ahead log in `directory` has beyond the file into the file, in one
// transaction. Errors as recover()'s and read_log()'s.
core::Status replay(store::SqliteStore& store, const std::string& directory);

}  // namespace sluice::checkpoint
