// A consumer of a group, as the server sees it: takes entries ahead of the reader, gives a sign of life, takes over what
// dead consumers held, and acknowledges. On a thread of its own.
//
//   next() ◀── queue of entries ◀── own pending ones, then XREADGROUP, and what tend_script() takes over
//   ended() ──▶ acknowledgements ──▶ XACK, in bursts, until they are through
//
// Threads: next(), ended(), close() from any; what is private and marked so on the loop's.
//
// Invariants:
//   1. An entry that was handed over is not handed over again before its ended().
//   2. XACK of an entry is sent after its ended(), and again until the server has taken it or close() gives up.
//   3. At most kAhead entries wait in the queue, or kAheadBytes and one request's worth.
//   4. The connection that waits for entries (BLOCK) carries nothing else: acknowledgements never wait for it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/error.h"
#include "net/loop.h"
#include "queue/entry_row.h"
#include "queue/spec.h"
#include "redis/connection.h"

namespace sluice::queue {

// How long a server that was there is waited for, as tables are (table/postgres.h).
constexpr std::chrono::seconds kReconnectFor{120};
constexpr std::size_t kAhead = 256;
constexpr std::size_t kAheadBytes = std::size_t{8} << 20;

// What it takes in memory.
std::size_t size_of(const Entry& entry);
core::Result<redis::Settings> connection_settings(const Spec& spec);
// With the stream's name, and what to do where that is known.
core::Error stream_error(const Spec& spec, const redis::Failure& failure);

class StreamFeed {
 public:
  // The group is there, and its pending entries of this consumer are on their way, when it returns.
  static core::Result<std::unique_ptr<StreamFeed>> open(const Spec& spec);
  ~StreamFeed();  // without waiting for acknowledgements
  StreamFeed(const StreamFeed&) = delete;
  StreamFeed& operator=(const StreamFeed&) = delete;

  struct Next {
    std::vector<Entry> entries;
    std::uint64_t first_ticket = 0;  // of the first one; the others' follow
    bool idle = false;               // nothing has come for Spec::idle_exit
  };
  // Those that there are, after `longest` perhaps none. An Error ends the run.
  core::Result<Next> next(core::Duration longest);
  // The entries of these tickets are done with.
  void ended(std::span<const std::uint64_t> tickets);
  // Takes no more; waits until all acknowledgements are through, `longest` at most. ErrorCode::io with how many are not.
  core::Status close(core::Duration longest);

 private:
  explicit StreamFeed(Spec spec);
  static core::Time now();
  core::Status start();

  // On the loop's thread.
  void begin();
  void resume();
  void on_own(redis::Outcome outcome);
  void claim(std::vector<std::pair<std::string, std::uint64_t>> lost);
  void fetch();
  void on_fetched(redis::Outcome outcome);
  void tend();
  void on_tended(redis::Outcome outcome);
  void acknowledge();
  void on_acknowledged(std::vector<std::string> ids, const redis::Outcome& outcome);
  bool usable(const redis::Outcome& outcome);  // else it is noted, and ends the feed where it lasts
  void fail(core::Error error);
  void add(std::vector<Entry> entries);
  std::size_t room();
  void leave();

  const Spec spec_;
  const std::string sign_prefix_;
  const std::string nonce_;
  net::Loop loop_;
  std::unique_ptr<redis::Connection> reading_;
  std::unique_ptr<redis::Connection> talking_;
  std::unique_ptr<net::Loop::Timer> tend_timer_;
  std::unique_ptr<net::Loop::Timer> retry_timer_;

  // The loop's thread's.
  bool fetching_ = false;
  bool resuming_ = false;
  bool tending_ = false;
  bool gone_ = false;        // the connections are closed
  bool begun_ = false;       // as far as tend_script() knows
  std::string resume_from_;  // own entries from here on are still to be looked at; empty: none
  std::size_t count_ = 16;   // of XREADGROUP: by the size of what came
  std::optional<core::Time> failing_since_;
  core::Time fetched_at_;
  std::unordered_map<std::string, core::Time>
      unknown_;  // own, kept alive, and not held here: since

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<Entry> entries_;             // not handed over yet
  std::size_t bytes_ = 0;                 // of them
  std::unordered_set<std::string> held_;  // waiting or handed over, and not acknowledged
  std::unordered_map<std::uint64_t, std::string> ids_;  // by ticket
  std::uint64_t next_ticket_ = 1;
  std::vector<std::string> to_acknowledge_;
  std::size_t acknowledging_ = 0;  // on their way
  std::optional<core::Time> quiet_since_;
  std::optional<core::Error> error_;
  bool started_ = false;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace sluice::queue
