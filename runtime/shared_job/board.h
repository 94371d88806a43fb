// A job that several processes work on, as it stands in PostgreSQL: its workers, which of them has which shard, and the
// log of each. What a statement means is said here; when it is made, in membership.h and shipped_log.h.
//
//   sluice_job      a row a job: its question (fingerprint), how far shards were given out, whether it is complete
//   sluice_worker   a row for each start of a process: alive until it leaves, or until its lease is over and somebody
//                   else has marked it dead, from when on its log takes nothing more
//   sluice_shard    a row a shard that was given out: whose it is, and whether all of its rows have ended
//   sluice_log      the records of a worker's write-ahead log (wal/record.h), several a row; only appended to
//   sluice_file     files that processes have in common, in parts: those of batches (passes/batch_copies.h)
//
// A shard is so many records of the input, by their number. Which rows have ended is not asked of shards but of the
// logs: a shard says which worker reads which records, so a wrong one costs time and never an answer.
//
// No statement needs a session or a second one beside it in a transaction, so a pooler may stand between. Each
// may be made twice: it is made again when the connection was lost before its reply. `sluice_shard` and
// `sluice_worker` are changed some times a minute and worker; nothing is updated a row or a request, so that a
// snapshot which somebody holds for hours costs nothing.
//
// Threads: any, one after the other.
//
// A server may be one that was promoted and lacks the last moments of the one before: any row of these tables may be gone
// or be as it was, but never one while another stands that was committed after it. Each process puts back what is its own
// (membership.h), and nothing here comes from a sequence, which such a server could give out a second time.
//
// Invariants:
//   1. append() puts nothing into the log of a worker that is not alive.
//   2. A shard is given to one worker at a time, and again only when that one is not alive.
//   3. A log has no gaps: what a server has lost comes before what follows it.
//   4. A shard is done only on a server that has all that its worker said of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/money.h"
#include "core/secret.h"
#include "wal/shared_log.h"

namespace sluice::postgres {
class PgResult;
class Connection;
struct SqlValue;
}  // namespace sluice::postgres

namespace sluice::shared_job {

// A start of a process, by a random number above 0.
using WorkerId = std::int64_t;

// How long a worker that is not heard of counts as alive, and how often it tells. By the server's clock.
constexpr std::chrono::seconds kLease{15};
constexpr std::chrono::seconds kRenewal{3};
// How long a statement may take before the connection counts as lost.
constexpr std::chrono::seconds kStatementLimit{20};

struct Job {
  std::int64_t id = 0;
  std::int64_t generation = 0;  // one more with each other fingerprint
  std::uint64_t shard_rows = 0;
};

// What a worker says of itself, for `sluice status`.
struct Tally {
  std::uint64_t answered = 0;
  std::uint64_t rejected = 0;
  core::Money cost = {};
};

struct WorkerRow {
  WorkerId id = 0;
  WorkerId origin =
      0;  // 0, or the worker that it was before it was taken for dead: whose log goes on here
  std::int64_t generation = 0;
  std::string name;
  std::string state;        // "alive", "left", "dead"
  std::string fingerprint;  // 32 hexadecimal digits
  wal::EndpointNames endpoints = {};
  std::vector<std::string> payers = {};  // names by which a shared budget knows it
  Tally tally = {};
  std::uint64_t shards = 0;  // that are its own, in the job's generation
  std::uint64_t chunks = 0;  // of its log
  bool alive() const { return state == "alive"; }
};

// A worker as the server has it.
struct Renewed {
  bool known = false;
  bool alive = false;
  std::uint64_t chunks = 0;  // of its log
  std::uint64_t done = 0;    // shards of its own
  std::string now = {};      // by the server's clock, as it writes it
};

// What a worker knows to be its own.
struct Claim {
  WorkerId worker = 0;
  WorkerId origin = 0;
  std::string name = {};
  std::vector<std::string> payers = {};
  std::map<std::uint64_t, bool> shards = {};  // by their number: whether it is done
  std::uint64_t chunks = 0;                   // of its log: all that it said of those that are done
  std::set<WorkerId> taken_from = {};  // workers that were dead, whose shards are among these
};

struct Standing {
  std::optional<std::uint64_t>
      shards;               // of the whole input; nullopt until somebody has read to its end
  std::uint64_t given = 0;  // shards that were given out
  std::uint64_t done = 0;
  std::uint64_t workers = 0;      // alive
  std::uint64_t left_behind = 0;  // not done, and their worker is not alive
  std::uint64_t own = 0;          // not done, and of the worker that asks
  std::uint64_t missing = 0;      // of those that were given, none is known to whom
  bool complete = false;
  std::string finisher = {};  // the worker that has written the output, or is about to; for people
  bool all_done() const { return shards && done >= *shards; }
};

// What a job that is complete consists of.
struct Ending {
  // By the first worker of a log: the last of its records whose rows count. What comes behind it comes too late.
  std::map<WorkerId, std::uint64_t> ends = {};
  // Rows that ended once more than they are in the input, one for each time. Grows.
  std::vector<core::Hash128> surplus = {};
};

// Shards that are not done, and whose worker is not alive.
struct LeftBehind {
  std::set<WorkerId> by;   // their last workers
  std::set<WorkerId> had;  // all workers that ever had them: their logs say which rows have ended
};

class Board {
 public:
  // Connects, and makes the tables where they are not there. `problem` hears of a server that is away, once each
  // time, and an empty text when it is back. Any thread.
  static core::Result<std::unique_ptr<Board>> open(const core::Secret& url,
                                                   std::function<void(std::string)> problem);

  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  // The job by its name, made where there is none. A new generation where its fingerprint is another;
  // ErrorCode::busy while others are at work on the old one.
  core::Result<Job> enter(const std::string& name, const core::Hash128& fingerprint,
                          std::uint64_t shard_rows);
  // Of a job that is there. nullopt: it is not.
  core::Result<std::optional<Job>> find(const std::string& name);
  // Forgets the job and all that it has come to. ErrorCode::busy while somebody is at work.
  core::Status forget(const std::string& name);

  core::Status add_worker(const Job& job, WorkerId worker, WorkerId origin, const std::string& name,
                          const core::Hash128& fingerprint);
  core::Status add_payer(WorkerId worker, const std::string& payer);
  core::Status name_endpoints(WorkerId worker, const wal::EndpointNames& names);
  core::Result<Renewed> renew(WorkerId worker, const Tally& tally);
  // Workers whose lease was over at `when`, which renew() has told, are dead from here on: a statement that was held up on its way
  // says nothing of those who were held up with it.
  core::Status mark_dead(const Job& job, const std::string& when);
  core::Status leave(WorkerId worker, const Tally& tally);
  core::Result<std::vector<WorkerRow>> workers(const Job& job);

  // gap: the one before it is not there.
  enum class Appended { yes, gap, not_alive, unknown_worker };
  // Row `chunk` of the worker's log, from 1. Once however often.
  // `payer`: the name by which a shared budget knows the process that paid; empty: there is none.
  core::Result<Appended> append(WorkerId worker, std::uint64_t chunk, const std::string& records,
                                const std::string& payer = {});
  core::Result<std::uint64_t> last_chunk(WorkerId worker);  // 0: none
  // From the first on.
  core::Status read_log(
      WorkerId worker,
      const std::function<core::Status(std::string_view records, std::string_view payer)>& each);

  // The next shard that no worker had yet, which is then `worker`'s; nullopt: there is none, or the worker is not alive.
  // `after`: the last that it was given in this way, -1: none.
  core::Result<std::optional<std::uint64_t>> take_new(const Job& job, WorkerId worker,
                                                      std::int64_t after);
  // The first shard from `from` on that is not done and whose worker, one of `of`, is not alive; or that is `worker`'s
  // own by now, since a reply may have been lost.
  core::Result<std::optional<std::uint64_t>> take_left_behind(const Job& job, WorkerId worker,
                                                              std::uint64_t from,
                                                              const std::set<WorkerId>& of);
  core::Result<LeftBehind> left_behind(const Job& job);
  // Shards that were given to somebody whom a promoted server has never heard of, and who is gone: nobody's (worker 0), and left
  // behind. Who has one after all restores it.
  core::Status leave_missing(const Job& job);
  // The input has so many.
  core::Status set_shards(const Job& job, std::uint64_t shards);
  // All rows of these of the worker's shards have ended, and so many rows of its log say so; false: the server has fewer.
  core::Result<bool> set_done(const Job& job, WorkerId worker,
                              const std::vector<std::uint64_t>& shards, std::uint64_t chunks);
  core::Result<Standing> standing(const Job& job, WorkerId asks = 0);
  // Makes `worker` the one that writes the output; false: another is at it, or it is written.
  // `again`: also where it is written.
  core::Result<bool> take_finish(const Job& job, WorkerId worker, bool again = false);
  // With how far the job is in each log, and which rows it has once more than the input, as an Ending.
  // False: `worker` is not the one that writes the output any more.
  core::Result<bool> set_complete(const Job& job, WorkerId worker, const Ending& ending);
  core::Result<Ending> ending(const Job& job);

  // A file, in the place of one of this name, which is not there in the meantime. False: `worker` is not the one that
  // take_finish() has made so last, or not alive.
  core::Result<bool> put_file(
      const Job& job, WorkerId worker, const std::string& name, std::uint64_t parts,
      const std::function<core::Result<std::string>(std::uint64_t number)>& part);
  // Those that are whole.
  core::Result<std::vector<std::string>> files(const Job& job);
  core::Status read_file(const Job& job, const std::string& name,
                         const std::function<core::Status(std::string_view part)>& each);
  // In one piece, by whoever it is.
  core::Status leave_file(const Job& job, const std::string& name, const std::string& bytes);
  core::Status remove_file(const Job& job, const std::string& name);

  // After a fail-over that has lost the last moments: what the worker knows to be its own is so again, but for a shard that
  // another has by now: who takes it from that one reads this worker's log too. Shards are done where the log is there.
  // ErrorCode::io: another job has this one's name.
  core::Status restore(const Job& job, const std::string& name, const core::Hash128& fingerprint,
                       const Claim& claim);

  // From here on no call waits for a server that is away: what fails has failed.
  void hurry() { hurry_ = true; }
  // Connections that were made: more than before means that something may have been lost.
  std::uint64_t connections() const;
  // When it was connected to another server than before, as far as can be told.
  std::optional<std::chrono::steady_clock::time_point> promoted_at() const;
  const std::string& place() const { return place_; }

 private:
  using Values = std::vector<postgres::SqlValue>;
  Board(core::Secret url, std::function<void(std::string)> problem);
  core::Status connect();
  core::Status make_tables();
  // Until it has worked, or has failed for a reason that stays.
  core::Result<postgres::PgResult> ask(const std::string& sql, const Values& values,
                                       bool binary = false);
  core::Status tell(const std::string& sql, const Values& values);
  core::Result<std::optional<std::uint64_t>> number(const std::string& sql, const Values& values);

  const core::Secret url_;
  const std::function<void(std::string)> problem_;
  std::string place_;
  std::atomic<bool> hurry_ = false;
  mutable std::mutex mutex_;  // guards what follows
  std::unique_ptr<postgres::Connection> connection_;
  std::uint64_t connections_ = 0;
  std::string history_;  // which the server tells of itself
  std::optional<std::chrono::steady_clock::time_point> promoted_at_;
};

WorkerId new_worker_id();

}  // namespace sluice::shared_job
