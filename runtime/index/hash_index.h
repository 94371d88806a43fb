// Which block may hold the answer to a question: a compact map from question hash to block number.
// It may point at a block that does not hold the question (of 10^7 questions, about one lookup in
// 7,000); whoever looks verifies the hit against the block's key records, so a false tag costs a
// read, never a wrong answer. It never misses what was added.
//
// What was added lately stands in a table in memory. A full table is written as a run: sorted, into
// an unnamed file in the job's directory, with a small filter in memory. Eight runs of one level
// are merged into one of the next. So a lookup of what is not there, the usual case, is a probe of
// the table and of a handful of filters. Nothing is kept on disk beyond the process: the index is
// filled anew whenever a job is opened.
//
// Threads: add() and memory() on one thread at a time; candidates() and size() on any, meanwhile.
// The mutex is not held during input and output. candidates() reads a page of a file, mostly of the
// system's cache, when a filter says maybe.
//
// Invariants:
//   1. Every slot is in the table, or in a run that candidates() sees; table and runs change places
//      under the mutex.
//   2. A level has at most 8 runs (questions of equal hashes apart): while they are merged, each
//      add() goes on by 8 slots a question, so that it ends before the next run comes.
//   3. Memory: the table (4.3 MB, touched at once), 1.27 bytes a question in runs, as much again
//      for those that are being merged, and 0.4 MB a merge: at 10^7 questions 19 MB at the most, at
//      10^8 163 MB. It never doubles at once. Disk: 8 bytes a question, 16 for those in a merge.
//   4. The longest add() is the one that writes a run: some 7 ms (11 at 10^8) every 459,000
//      questions, where the disk keeps up with what the system writes behind; other than that, 0.1
//      ms. Of that the mutex is held while the table is cleared, less than 1 ms.
//   5. The caller adds a question once per model that answered it (KeyRecord::repeat): equal
//      entries would make one long run of probes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "index/memtable.h"
#include "index/merge.h"
#include "index/sorted_run.h"

namespace sluice::index {

class HashIndex {
 public:
  static constexpr std::size_t kSlots = std::size_t{1} << 19;
  static constexpr std::size_t kFanIn = 8;
  // At the most blocks a second that group commit makes of a trickle (20), 155 days of one job.
  // Answers in blocks beyond are kept and projected, but not shared.
  static constexpr std::int64_t kMaxBlock = static_cast<std::int64_t>(kSlotBlockMask);

  // `directory` is where runs are written; it must be there when the table is full first. The table
  // begins with `first_slots` and doubles up to `slots`, both powers of two.
  explicit HashIndex(std::string directory, std::size_t slots = kSlots);
  HashIndex(std::string directory, std::size_t slots, std::size_t first_slots);

  // An error is that of a file in `directory`: no room, no right to write. The run cannot go on,
  // since questions may be missing.
  core::Status add(std::span<const core::Hash128> questions, std::int64_t block);
  // The blocks that may hold the answer, appended to `blocks`.
  core::Status candidates(const core::Hash128& question, std::vector<std::int64_t>& blocks) const;

  std::size_t size() const;
  std::size_t runs() const;
  std::size_t memory() const;  // bytes

 private:
  using Run = Merge::Run;
  using Runs = std::vector<Run>;
  struct Level {
    Runs runs;                     // oldest first
    std::unique_ptr<Merge> merge;  // of the first kFanIn of them; null when there is none
  };

  // How many were inserted before the table was full.
  std::size_t insert(std::span<const core::Hash128> questions, std::int64_t block);
  core::Status make_room();
  void grow();
  core::Status spill();
  core::Status merge(std::size_t slots);
  core::Status merge(std::size_t level, std::size_t slots);
  std::shared_ptr<const Runs> all_runs() const;

  const std::string directory_;
  const std::size_t most_slots_;

  // Of the thread that adds:
  std::vector<Level> levels_;
  Runs retired_;  // merged; let go one by one, since to free a file takes its time

  mutable std::mutex mutex_;  // guards what follows; the thread that adds reads them without
  Memtable table_;
  std::shared_ptr<const Runs> runs_;  // of all levels
  std::size_t size_ = 0;
};

}  // namespace sluice::index
