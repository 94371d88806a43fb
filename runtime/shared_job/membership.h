// A process at work on a shared job: joined under a lease that it renews, until it leaves. Takes shards, and hears
// when it was taken for dead. Puts back what a server that was promoted has lost of it.
//
//            join()                     renew() finds it dead, or append() does
//   outside ───────▶ alive as worker W ───────────────────────────────────────▶ alive as worker W', its shards lost
//                        │  leave()                                               │
//                        ▼                                                        ▼
//                      left: its shards that are not done are free          …
//
// Threads: any. A thread of its own renews.
//
// Invariants:
//   1. Others are marked dead by a process that has itself been heard by the server for a whole lease, but for cuts that were
//      shorter than a renewal: after an outage of the server no process is dead for not having been heard.
//   2. What a server lacks of this process is there again at the latest one renewal after it is reached, whether or not there
//      is anything to say; no new shard is taken before the others have had that time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "shared_job/board.h"
#include "shared_job/shipped_log.h"

namespace sluice::shared_job {

class Membership {
 public:
  struct Setup {
    core::Secret url = {};
    std::string job = {};
    core::Hash128 fingerprint = {};
    std::uint64_t shard_rows = 0;
    std::string name = {};  // of the process, for people
    // For people; empty when it is over. Any thread.
    std::function<void(std::string)> problem = [](const std::string&) {};
  };
  // ErrorCode::io where the server cannot be reached, busy where others are at work with another pipeline file.
  static core::Result<std::unique_ptr<Membership>> join(Setup setup);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  const Job& job() const { return job_; }
  Board& board() { return *board_; }
  WorkerId worker() const;
  // All that it was, the first first.
  std::vector<WorkerId> workers() const;
  // Whether its lease holds as far as this process knows, by its own clock.
  bool is_heard() const;
  // Told, on any thread, when it was taken for dead, before anything is said under its next number; null: no call. When
  // on_lost() returns, the one before is not running and is not called any more.
  void on_lost(std::function<void()> lost);
  // Asked on the lease's thread, until another takes its place.
  void set_tally(std::function<Tally()> tally);

  // A log for a run under this membership, with a file in `directory`, whose run ends before this does.
  core::Result<ShippedLog*> open_log(const std::string& directory);
  // Goes on under a new number: for a run whose log others are not to take from the old one.
  core::Status begin_next();

  // By which a shared budget knows it, as the server is told by others (passes/spent.h).
  void note_payer(const std::string& payer);
  core::Result<Standing> standing();
  core::Result<std::optional<std::uint64_t>> take_new();
  core::Result<std::optional<std::uint64_t>> take_left_behind(std::uint64_t from,
                                                              const std::set<WorkerId>& of);
  // Shards that nobody has come to say are his (board.h).
  core::Status leave_missing();
  // False: another writes the output, or has written it.
  core::Result<bool> take_finish(bool again = false);
  // What it took is done, and its log committed.
  core::Status set_done();
  // The input has so many.
  core::Status set_shards(std::uint64_t shards);
  // Frees its shards that are not done. Does not wait for a server that is away.
  void leave();

 private:
  explicit Membership(Setup setup) : setup_(std::move(setup)) {}
  // A number that it has, or had.
  struct Own {
    Claim claim = {};
    ShippedLog* log = nullptr;  // that goes on under it
    bool left = false;
    bool finishes = false;  // writes the output,
    bool again = false;     // of a job that was complete
    std::int64_t last_new = -1;
  };
  core::Status add(WorkerId worker, WorkerId origin, ShippedLog* log);
  core::Result<WorkerId> rejoin(WorkerId from);
  core::Status restore(WorkerId worker, Board& board);
  core::Status restore_all();
  bool settled() const;
  void settle();
  void run();
  core::Status renew();

  const Setup setup_;
  std::unique_ptr<Board> board_;    // of claims and the lease
  std::unique_ptr<Board> for_log_;  // of the run's log, which waits for nothing else
  Job job_;
  std::mutex rejoining_;
  std::mutex losing_;  // guards the next, also while it runs
  std::function<void()> lost_;
  mutable std::mutex mutex_;                       // guards what follows
  std::vector<Own> own_;                           // the present one is the last
  std::vector<std::unique_ptr<ShippedLog>> logs_;  // the thread uses them
  std::function<Tally()> tally_ = [] { return Tally(); };
  std::chrono::steady_clock::time_point heard_;  // a moment before the server was told last
  std::atomic<bool> leaving_ = false;
  std::condition_variable leave_;
  // The thread's.
  std::uint64_t connections_ = 0;
  std::optional<std::chrono::steady_clock::time_point> heard_since_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::shared_job
