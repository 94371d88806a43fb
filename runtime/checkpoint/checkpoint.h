// The durable record of every answer, reject and payment of a job. One file per job,
// one process at a time. Nothing outside this folder knows SQLite.
//
// Threads: open() and close() on one thread. consume_done(), find_answer() on one thread at a time
// (the pack stage's). intend(), commit(), set_rows_read(), set_day_use() and account() on any
// thread. Callbacks run on threads of the checkpoint's own, those of intend() in the order of its
// calls and those of commit() in the order of its calls; they must not block.
//
// intend() and commit() append to the write-ahead log (wal/wal.h), so that what is handed over survives a
// kill when they return. Intents are durable when the log is as durable as Options::durability
// asks; for that intend() may wait for a sync of a disk that was quick the last time (1 ms). A
// callback of commit() runs when the results stand in the checkpoint's file, as durably, and
// find_answer() finds them: they wait for company for at most 50 ms (kGroupDelay), and for 5 ms
// when nothing is in flight.
//
// Invariants:
//   1. A row's entry is in the checkpoint once per occurrence, or it is pending, or it left the input.
//   2. What was committed is found again: by consume_done() in a later run of the same generation, by
//      find_answer() in any run.
//   3. intend() says that intents are durable only when they are; an intent without a settlement
//      at open() is counted as maybe billed, at its worst cost, in the ledger. Results that were
//      handed over before an intent are durable no later than it: so whoever keeps intents less
//      results handed over within a bound will find no more of them maybe billed.
//   4. The projection is never ahead of what is committed, and is brought to it at open(), once all
//     that it holds was proven to be this job's.
//
// Generations: answers belong to the question they were asked under. When `fingerprint` differs
// from the last run's, a new generation begins: the projection starts from zero, no row of it is
// done yet, and find_answer() gives the answers of all generations, so that only what changed is
// asked again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/options.h"
#include "checkpoint/projection.h"
#include "core/error.h"
#include "core/hash.h"
#include "store/records.h"

namespace sluice::checkpoint {

class Checkpoint {
 public:
  // ErrorCode::busy names the process that holds the job; ErrorCode::corrupt refuses a file that is
  // damaged, foreign or newer, and leaves it as it is. `projection` must outlive the checkpoint.
  static core::Result<std::unique_ptr<Checkpoint>> open(const Options& options,
                                                        Projection& projection);
  virtual ~Checkpoint() = default;  // as a crash would, but for the threads: call close() first

  using Opened = checkpoint::Opened;
  virtual const Opened& opened() const = 0;

  // Whether this row ended in an earlier run of this generation; one call uses up one occurrence.
  virtual core::Result<bool> consume_done(const core::Hash128& row) = 0;
  // Rows that ended earlier and were not taken: no longer in the input.
  virtual std::uint64_t unmatched() const = 0;
  // Has close() take these rows out of the job (withdraw.h), and write the projection again without
  // them. For a run that has read all of its input. Nothing happens where there are none.
  virtual void drop_missing() {}
  // After close(), where Options::shared_log is given: the rows that were taken out, one for each occurrence.
  virtual std::vector<core::Hash128> take_dropped() { return {}; }
  // A committed answer to this question by one of Options::models: our own, or one of the jobs in
  // Options::share.
  virtual core::Result<std::optional<StoredAnswer>> find_answer(const core::Hash128& question) = 0;

  // A checkpoint of an older format may know rows and questions by the names that they had there
  // (old_names.h). Then each row that the two functions above do not know is asked for by these
  // too, with the names that it has now. On the same thread.
  virtual bool has_old_names() const { return false; }
  virtual core::Result<bool> consume_done_by_old_name(const store::RowNames& /*old*/,
                                                      const store::RowNames& /*now*/) {
    return false;
  }
  virtual core::Result<std::optional<StoredAnswer>> find_answer_by_old_name(
      const store::RowNames& /*old*/, const store::RowNames& /*now*/) {
    return std::nullopt;
  }

  // True: they are durable by now (always so with Durability::process), and `durable` is not
  // called. False also when nothing is committed any more.
  [[nodiscard]] virtual bool intend(std::vector<store::Intent> intents,
                                    std::function<void()> durable) = 0;
  virtual void commit(store::Results results, std::function<void()> durable) = 0;
  // Rows read so far in this run (distinct rows of the input, done ones included).
  virtual void set_rows_read(std::uint64_t rows, bool input_complete) = 0;
  // What is used of an endpoint's daily quotas, with what is about to be intended: said before
  // intend(), it is in the file no later than those intents.
  virtual void set_day_use(std::uint32_t endpoint, const store::DayUse& use) = 0;
  virtual store::Account account() const = 0;

  // Called once, on the committer's thread, when a commit fails (disk full, file gone). Nothing is
  // committed after it and no callback runs any more. Set before the first intend() or commit().
  virtual void on_failure(std::function<void(core::Error)> failed) = 0;

  // Commits what is queued, flushes the projection, closes the file. Returns the first error there
  // was. After it only opened(), account() and unmatched() may be called.
  virtual core::Status close() = 0;
};

// A running or finished job's account, read without disturbing it. ErrorCode::io when there is
// none.
core::Result<store::Account> read_account(const std::string& directory);

}  // namespace sluice::checkpoint
