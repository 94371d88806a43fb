// Takes over into a checkpoint's file what runs of the same job on other machines have committed: the records of
// their write-ahead logs, as a shared log has them (wal/shared_log.h). The next opening projects the answers among
// them, counts what was left open as maybe billed, and finds every question. Batches come with it: whoever runs goes
// on with those that are out.
//
// Threads: one.
//
// Invariants:
//   1. A record is taken once, however often its log is given: each transaction has the records and how far the log
//      was taken, so a crash leaves both or neither.
//   2. What a log left open counts once as maybe billed, and only when it has ended: until then its attempts are somebody
//      else's. Where a settlement comes after that, from a process that was only thought dead, it does not count so any more.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/file_state.h"
#include "core/hash.h"
#include "store/job_lock.h"
#include "store/sqlite_store.h"
#include "wal/record.h"
#include "wal/shared_log.h"

namespace sluice::checkpoint {

// A log of another machine.
struct ForeignLog {
  std::string name;  // unique in the job
  wal::EndpointNames endpoints = {};
  std::uint64_t parts = 1;  // in which it came; more of them where there is more of it
  bool ended = false;       // nothing will be appended any more, as far as is known
  // Behind this record, rows that have ended are not the job's any more: what they cost is.
  std::uint64_t rows_until = std::numeric_limits<std::uint64_t>::max();
};

class Import {
 public:
  // Makes the file where there is none, and begins the generation of `fingerprint` where the file's is another.
  // ErrorCode::busy, corrupt: as Checkpoint::open().
  static core::Result<std::unique_ptr<Import>> open(const std::string& directory,
                                                    const std::string& job,
                                                    const core::Hash128& fingerprint);

  // Whether the file in `directory` is at this generation; not so where there is no file.
  static core::Result<bool> begun(const std::string& directory, const core::Hash128& fingerprint);

  // Whether there is nothing more to be had of this log.
  bool whole(const std::string& log, std::uint64_t parts) const;
  // How far each log was taken.
  const std::map<std::string, store::TakenLog>& taken() const { return taken_; }
  // All of a log, in pieces, from its first record on: those that were taken before are told apart here.
  // ErrorCode::corrupt where a record is missing or names an endpoint that the log does not have.
  void begin(ForeignLog log);
  core::Status add(std::span<const wal::Record> records);
  core::Status end();

  // Of a run's own log, which is in the file anyway: it is not taken from elsewhere.
  core::Status skip(const std::string& log);
  // Of rows that ended more often than they are in the input, as far as the list was not applied before: an entry each is
  // withdrawn, a reject before an answer. Lists only grow.
  core::Status withdraw(const std::vector<core::Hash128>& rows, bool applied_already = false);
  // The rows that have ended are all of the input.
  core::Status set_input_complete();
  core::Status close();

 private:
  Import(store::JobLock lock, std::unique_ptr<store::SqliteStore> store);
  core::Status load(const core::Hash128& fingerprint);
  core::Status begin_generation(const core::Hash128& fingerprint);
  core::Status begin_piece();
  core::Status take(const wal::Record& record);
  core::Status write(const store::TakenLog& taken);
  core::Result<std::uint32_t> number(std::uint32_t endpoint) const;

  const store::JobLock lock_;
  const std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<FileState> state_;
  std::int64_t generation_ = 0;
  std::map<std::string, store::TakenLog> taken_;

  ForeignLog log_;
  std::map<std::uint32_t, std::uint32_t> numbers_;  // Ledger::number(), by the log's
  std::uint64_t last_ = 0;                          // record of log_ that was given
  std::map<std::uint64_t, store::Intent> booked_;   // of open_, counted as maybe billed
  std::map<std::uint64_t, store::Intent> open_;     // of log_, by its own numbers of attempts
};

}  // namespace sluice::checkpoint
