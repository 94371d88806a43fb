// What stands in the write-ahead log and waits to be applied to the checkpoint's file, and when that is
// worth a transaction.
//
// Threads: take() on the committer's; all else on any.
//
// Order: what is pushed is in the write-ahead log when push() returns, and in the log and in the queue in
// one order: no intent is ever durable ahead of a result that was pushed before it.
//
// The rule: results wait for company, so that blocks are large and transactions few: until the
// oldest has waited kGroupDelay, or kIdleDelay once nothing is in flight that could be company, or
// `group` entries or kGroupBytes have gathered. Intents go with them. What is taken is all there
// is, and the log then goes on in its other file: so whoever takes has committed all that it took
// before it takes again.
//
// Bound: none of its own. Every entry holds a credit of the flow until its callback has run, and
// every intent a slot of its endpoint; those wait, not we.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "store/records.h"
#include "wal/wal.h"

namespace sluice::checkpoint {

constexpr std::size_t kGroupBytes = 1024 * 1024;
constexpr std::chrono::seconds kRecordInterval{1};

class CommitQueue {
 public:
  using Clock = std::chrono::steady_clock;
  using Callback = std::function<void()>;

  // `numbers`: of the endpoints, for the log. `group`: so many entries are worth a transaction.
  CommitQueue(wal::WriteAheadLog& log, std::vector<std::uint32_t> numbers, std::size_t group)
      : log_(log), numbers_(std::move(numbers)), group_(group) {}

  // False when it was dropped: after finish() or abandon(), or when the log cannot be written,
  // which the next Work tells.
  bool push(std::vector<store::Intent> intents);
  bool push(store::Results results, Callback applied);
  // There is something to record: within kRecordInterval.
  void touch();
  // The sync that was started is over: there is work at once.
  void synced();
  // The log cannot be synced: the next Work tells.
  void fail(core::Error error);
  // Whatever is queued is still taken, at once; what is pushed later is dropped.
  void finish();
  // Nothing is taken any more.
  void abandon();
  bool abandoned() const;

  struct Work {
    std::vector<store::Intent> intents;
    std::vector<store::Results> results;
    std::vector<Callback> callbacks;  // of `results`
    std::uint64_t applied = 0;        // the last record of the log that is among them
    bool record = false;
    bool synced = false;
    std::optional<core::Error> error;  // then there is nothing else
    bool empty() const {
      return intents.empty() && callbacks.empty() && !record && !synced && !error;
    }
  };
  // What there is to do at `now`; empty when nothing is.
  Work take_ready(Clock::time_point now);
  // Waits until there is something to do; nullopt after finish(), when all is taken, or abandon().
  std::optional<Work> take();

 private:
  Clock::time_point oldest_due() const;
  bool due(Clock::time_point now) const;
  bool append_locked(std::string&& record);
  bool knows(std::uint32_t endpoint);
  Work take_locked(Clock::time_point now);
  Clock::time_point next_due() const;

  wal::WriteAheadLog& log_;
  const std::vector<std::uint32_t> numbers_;
  const std::size_t group_;
  mutable std::mutex mutex_;  // guards log_ and what follows
  std::condition_variable changed_;
  std::vector<store::Intent> intents_;
  std::vector<store::Results> results_;
  std::vector<Callback> callbacks_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  Clock::time_point oldest_;   // of results_
  std::size_t in_flight_ = 0;  // intents without a settlement
  std::optional<Clock::time_point> record_at_;
  bool synced_ = false;
  std::optional<core::Error> error_;
  bool finishing_ = false;
  bool abandoned_ = false;
};

}  // namespace sluice::checkpoint
