// What a commit writes into the checkpoint's file, and in which order: the transactions of a job,
// from opening it to closing it. No thread of its own; the committer (committer.h) decides when,
// and the write-ahead log (wal/wal.h) keeps what is not there yet.
//
// Threads: all but sync(), set_rows_read() and account() on one thread at a time. sync() on one at
// a time, which may be another; set_rows_read(), set_day_use() and account() on any.
//
// Durability invariants, in the order in which one commit meets them:
//   1. An intent is in the write-ahead log before its request is sent, and everything that was handed over
//      before it stands before it there.
//   2. A settlement, the answers it paid for, the ledger and the counts of rows change in one
//      transaction, together with the number of the last record of the write-ahead log that is among them:
//      none of them is ever ahead of another, and no record is taken twice (file_state.h; what a
//      killed run left in the log goes the same way, recovery.h).
//   3. A block's questions are in the index before the callbacks of its commit run: a question is
//      in flight, or in the index, with no moment between.
//   4. A line goes to the projection after the commit that holds it, in the order of blocks; so the
//      projection is a prefix of the blocks' lines, and replay writes the same bytes again.
//   5. The projection's position is recorded after sync() has synced what stands below it, with the
//      projection's proof of it; what stands beyond it is cut off and written again at the next
//      opening, once it was proven to be what is written again (past.h). What is recorded is where
//      it stood when the sync began: commits go on meanwhile.
//   6. An attempt that is intended and not settled when the file is opened is moved to the ledger
//      as maybe billed in one transaction: it is counted once.
//   7. No count that is stored has rows read < answered + rejected.
//   8. Entries are withdrawn (withdraw.h) while no journal is open, in one transaction: their marks,
//      the counts, and the recorded position of the rejects file, and where answers are among them
//      of the output too, which becomes zero, without a proof. So a crash leaves all of them
//      standing or all withdrawn; and the next opening cuts the file to nothing and writes what
//      stands into it anew, however often it is itself cut off. Until then it still has the old
//      lines. Rejects that are taken back (redo.h) wait for the next run; rows that left the input
//      are withdrawn when a run closes, which then opens once more.
//   9. What open() writes is synced, also with Durability::process; so what was durable when it
//      began is so when the write-ahead log is emptied behind it.
//
// One row, with what makes each transition:
//
//   read ── consume_done() ──▶ done earlier: nothing to do
//    │ └─── find_answer() ─▶ answered before: straight to commit(), no attempt
//    ▼
//   PENDING ◀────────────────────────────────────────────────┐
//    │ Checkpoint::intend() appends it to the write-ahead log       │
//    ▼                                                       │
//   LOGGED ──── power cut: may be gone, was never sent ──────┤
//    │ the log is synced, where that is asked for            │
//    ▼                                                       │
//   INTENDED ── crash: Journal::open() counts it             │
//    │          as maybe billed ─────────────────────────────┤
//    │ the flow sends it                                     │
//    ▼                                                       │
//   SENT ────── crash: as INTENDED ──────────────────────────┤
//    │          failed: commit() settles it ─────────────────┘
//    │ a reply is parsed
//    ▼
//   ANSWERED ── crash: as INTENDED (it still holds its slot: stages/dispatch/dispatch.h)
//    │ Checkpoint::commit() appends it to the write-ahead log
//    ▼
//   HELD ────── crash: Journal::open() commits it (a power cut before the next sync: as INTENDED)
//    │ Journal::commit(); its callback
//    ▼
//   COMMITTED ─ crash: Journal::open() projects it
//    │ Journal::project()
//    ▼
//   PROJECTED ─ crash: cut off and projected again by Journal::open()
//    │ Journal::write_out(), sync(), at most once a second, and at close;
//    │ then the next commit()
//    ▼
//   RECORDED
//    │ a reject, and no run is open: take_back() ─▶ PENDING; not in the input any more ─▶ WITHDRAWN
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/duplicate_answer_filter.h"
#include "checkpoint/file_state.h"
#include "checkpoint/old_names.h"
#include "checkpoint/options.h"
#include "checkpoint/projection.h"
#include "index/hash_index.h"
#include "index/spilled_multiset.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class StoredPast;

class Journal {
 public:
  // Checks the file, brings the projection to what is durable, and begins a generation when the
  // fingerprint is a new one. Apart from what the log has, nothing is written before the projection
  // has proven what it holds.
  // `index`, `done` and `old` are filled; they and `projection` outlive the journal. Without `old`,
  // what has names of formats 1 to 4 is not known.
  static core::Result<std::unique_ptr<Journal>> open(std::unique_ptr<store::SqliteStore> store,
                                                     const Options& options, Projection& projection,
                                                     index::HashIndex& index,
                                                     index::SpilledMultiset& done,
                                                     OldNames* old = nullptr);

  const Opened& opened() const { return opened_; }
  const Models& models() const { return state_->models; }
  // The last record of the write-ahead log that the file holds.
  std::uint64_t applied() const { return state_->job.applied; }
  // Ledger::number() of Options::endpoints.
  std::vector<std::uint32_t> endpoint_numbers() const { return state_->ledger.numbers(); }

  // One transaction with all of it, and with what synced() was told; none where there is nothing.
  // When it returns, it is as durable as Options asked, and indexed.
  // `applied`: the last record of the write-ahead log that is among it.
  core::Status commit(std::span<const store::Intent> intents,
                      std::span<const store::Results> results, std::uint64_t applied = 0);
  // Hands the lines of the last commit to the projection. True when there were any.
  core::Result<bool> project();

  // How far the projection goes.
  struct Extent {
    store::Mark mark;
    std::int64_t block = 0;
  };
  // Recording the projection's position has three steps, and commits may go between and beside
  // them. Writes the projection out and says how far it goes;
  core::Result<Extent> write_out();
  // syncs what was written out;
  core::Status sync();
  // has the next commit record `extent`, and the rows read.
  void synced(const Extent& extent);

  // Takes these steps once more, records, and leaves the file in one piece.
  core::Status close();

  void set_rows_read(std::uint64_t rows, bool input_complete);
  void set_day_use(std::uint32_t endpoint, const store::DayUse& use);
  store::Account account() const;

 private:
  Journal(std::unique_ptr<store::SqliteStore> store, std::unique_ptr<FileState> state,
          Projection& projection, index::HashIndex& index);
  core::Status load(const Options& options, index::SpilledMultiset& done, OldNames* old);
  // `done`: null when the rows are to be read again.
  core::Status scan(index::SpilledMultiset* done, OldNames* old);
  core::Status project_past(Past& past);
  // `left`: with the generation that is left for a new one; null when none begins.
  core::Status begin_run(const Options& options, const StoredPast* left);

  core::Status write(std::span<const store::Intent> intents,
                     std::span<const store::Results> results);
  core::Status write_intents();
  core::Status write_renamings(std::vector<store::Renaming> renamings);
  core::Status write_job();
  void take_day_use();
  void take_rows_read();
  core::Status flush();
  void publish();
  std::uint64_t rows_read(std::uint64_t ended) const;  // with mutex_ held

  const std::unique_ptr<store::SqliteStore> store_;
  Projection& projection_;
  index::HashIndex& index_;
  // As the next transaction will leave it. Its blocks are those of the last commit.
  const std::unique_ptr<FileState> state_;
  DuplicateAnswerFilter repeats_;
  Opened opened_;

  std::int64_t appended_block_ = 0;  // the last that the projection was given
  bool unrecorded_ = false;          // state_ has what synced() was told, the file has not

  mutable std::mutex mutex_;                           // guards what follows
  store::Account account_;                             // as committed; rows_read: of earlier runs
  std::vector<std::optional<store::DayUse>> day_use_;  // by endpoint: what is new
  std::uint64_t run_rows_ = 0;
  bool run_complete_ = false;
};

}  // namespace sluice::checkpoint
