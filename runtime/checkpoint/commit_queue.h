// What waits to be committed, and when it is worth a transaction.
//
// Threads: take() on the committer's; all else on any.
//
// The rule: intents go at once, since requests wait for them, and whatever results there are go
// with them: no intent is ever committed ahead of a result that was pushed before it. Without
// intents results wait for company, so that blocks are large and syncs are few: until the oldest
// has waited kGroupDelay, or kGroupEntries or kGroupBytes have gathered.
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

#include "checkpoint/types.h"

namespace sluice::checkpoint {

constexpr std::size_t kGroupEntries = 4096;
constexpr std::size_t kGroupBytes = 1024 * 1024;
constexpr std::chrono::seconds kRecordInterval{1};

class CommitQueue {
 public:
  using Clock = std::chrono::steady_clock;
  using Callback = std::function<void()>;

  void push(std::vector<Intent> intents, Callback durable);
  void push(Results results, Callback durable);
  // There is something to record: within kRecordInterval.
  void touch();
  // The sync that was started is over: there is work at once.
  void synced();
  // Whatever is queued is still taken, at once; what is pushed later is dropped.
  void finish();
  // Nothing is taken any more.
  void abandon();
  bool abandoned() const;

  struct Work {
    std::vector<Intent> intents;
    std::vector<Callback> intents_durable;
    std::vector<Results> results;
    std::vector<Callback> results_durable;
    bool record = false;
    bool synced = false;
    bool empty() const {
      return intents_durable.empty() && results_durable.empty() && !record && !synced;
    }
  };
  // What there is to do at `now`; empty when nothing is.
  Work take_ready(Clock::time_point now);
  // Waits until there is something to do; nullopt after finish(), when all is taken, or abandon().
  std::optional<Work> take();

 private:
  bool results_due(Clock::time_point now) const;
  Work take_locked(Clock::time_point now);
  Clock::time_point next_due() const;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Intent> intents_;
  std::vector<Callback> intents_durable_;
  std::vector<Results> results_;
  std::vector<Callback> results_durable_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
  Clock::time_point oldest_;  // of results_
  std::optional<Clock::time_point> record_at_;
  bool synced_ = false;
  bool finishing_ = false;
  bool abandoned_ = false;
};

}  // namespace sluice::checkpoint
