// What was committed and does not stand in the checkpoint's file yet: a write-ahead log in front of
// it, so that an intent, for which a request waits, costs an append and not a transaction.
//
// Two files beside the checkpoint, `tail-0` and `tail-1`, in turn: one is appended to while the
// other's records are applied to the checkpoint, in one transaction (commit_queue.h). Records are
// numbered through the job's life, and the checkpoint knows the last one that it holds
// (JobState::applied). Written from their beginning again and again, the files are small and do not
// change their size, which is what makes a sync cheap.
//
// Threads: append() and rotate() on one thread at a time; sync() on one at a time, which may be
// another, beside them.
//
// Invariants:
//   1. What read_log() gives is a prefix of what was appended behind JobState::applied, and holds
//      everything that was appended before a sync() that has returned, or before the process was
//      killed.
//   2. A file is written from its beginning only when all its records are in the checkpoint.
//   3. Files are made empty, so no record of an earlier run can pass for one of this.
//
// Errors say what to do and name the file.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/records.h"
#include "wal/record.h"
#include "wal/shared_log.h"

namespace sluice::wal {

class WriteAheadLog {
 public:
  // Empty files; with Durability::power of kPreallocated bytes, on the disk. `last`: the number of
  // the last record there ever was. Their records were taken over before (recovery.h). `shared`: is
  // given each record too, behind the files; null where there is none, else it outlives the log.
  static core::Result<std::unique_ptr<WriteAheadLog>> create(const std::string& directory,
                                                             store::Durability durability,
                                                             std::uint64_t last,
                                                             SharedLog* shared = nullptr);
  ~WriteAheadLog();
  WriteAheadLog(const WriteAheadLog&) = delete;
  WriteAheadLog& operator=(const WriteAheadLog&) = delete;

  static constexpr std::size_t kPreallocated = 128 * 1024;

  // Hands the record (record.h) to the operating system.
  core::Status append(std::string&& record);
  // Number of the last record.
  std::uint64_t last() const { return last_; }
  // What is appended from now on goes to the other file, whose records are all applied.
  void rotate();
  // All that was appended before the call is on the disk when it returns.
  core::Status sync();
  // At the end, when everything is applied.
  void remove();

 private:
  struct File {
    std::string path;
    int fd = -1;
    std::uint64_t end = 0;  // where the next record goes
    std::atomic<bool> unsynced = false;
  };
  WriteAheadLog(std::uint64_t last, SharedLog* shared) : last_(last), shared_(shared) {}

  std::array<File, 2> files_;
  std::size_t current_ = 0;
  std::uint64_t last_;
  SharedLog* const shared_;
};

struct LogTail {
  std::vector<Record> records;  // behind `applied`, without a gap
  // There are later records than that, but not the next: a run has applied and overwritten it since
  // `applied` was read, or a power cut has lost it.
  bool outrun = false;
};
// ErrorCode::io when a file that is there cannot be read. Safe beside a run that appends.
core::Result<LogTail> read_log(const std::string& directory, std::uint64_t applied);

}  // namespace sluice::wal
