// From the flow to the disk. Intents and results go to the write-ahead log at once (wal/wal.h). The
// committer's thread applies what stands there to the checkpoint's file: it takes what is queued,
// has the journal commit it, runs the callbacks, and hands the lines to the projection, in that
// order (journal.h has the invariants). Syncs of the projection, at most one at a time, run beside
// it: commits do not wait for them, and the first that comes after one records how far it went.
//
// One Work of the queue, and the function that takes each step:
//
//   take() ─▶ end_sync() ─▶ Journal::commit() ─▶ callbacks ─▶ Journal::project() ─▶ record()
//             where one      with the extent     none after                         one of:
//             has ended      that was synced     abandon()
//                                                          due, no sync under way: start_sync()
//                                                          due, or new lines: touch(), for later
//
// The first error ends it: abandon(), and on_failure's callback is told.
//
// Where there is a shared log (wal/shared_log.h), what is durable here is durable there as well: intents before
// they are sent, results before their callbacks run.
//
// Threads: the committer's, one for syncs of the projection and, with Durability::power, one for
// the write-ahead log's, from the constructor to close() or the destructor, which wait for a sync under
// way. intend(), commit(), touch(): any. close() and the destructor: the one that owns it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "checkpoint/commit_queue.h"
#include "checkpoint/journal.h"
#include "core/clock.h"
#include "wal/group_sync.h"
#include "wal/sync_thread.h"
#include "wal/wal.h"

namespace sluice::checkpoint {

class Committer {
 public:
  Committer(Journal& journal, std::unique_ptr<wal::WriteAheadLog> log, const Options& options);
  // As a crash would: what is queued is forgotten, and no callback runs any more.
  ~Committer();

  void on_failure(std::function<void(core::Error)> failed);
  // As Checkpoint's.
  bool intend(std::vector<store::Intent> intents, std::function<void()> durable);
  void commit(store::Results results, std::function<void()> durable);
  void touch();
  // Commits what is queued, waits for a sync under way and closes the journal. Returns the first
  // error there was.
  core::Status close();

 private:
  void run();
  void abandon();
  core::Status work_off(CommitQueue::Work work);
  core::Status sync_log(store::Durability durability);
  // `due`: the projection's position is to be recorded. `new_lines`: and there is more of it now.
  core::Status record(bool due, bool new_lines);
  core::Status start_sync();
  core::Status end_sync();

  Journal& journal_;
  const std::unique_ptr<wal::WriteAheadLog> log_;
  wal::SharedLog* const shared_;  // null: there is none
  CommitQueue queue_;
  const core::SystemClock clock_;
  // None with Durability::process, unless there is a shared log.
  const std::unique_ptr<wal::GroupSync> group_sync_;
  std::optional<Journal::Extent> syncing_;  // the committer's thread's; close()'s after that
  wal::SyncThread projection_sync_;
  std::mutex mutex_;  // guards what follows
  std::function<void(core::Error)> failed_;
  std::optional<core::Error> error_;  // the first
  std::thread thread_;                // last: it uses all of the above
};

}  // namespace sluice::checkpoint
