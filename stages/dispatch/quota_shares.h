// Keeps a run's endpoints to their shares of quotas that other processes use too, with the same key: each endpoint is a
// member of a pool (fleet/pool.h), whose state lies in a store that all reach (pool_store/pool_store.h). About once a second
// a member calls, and the scheduler is told what it may use until when.
//
// Shared are the limits that the pipeline file states: requests and tokens a minute, and max_concurrency. What nobody states
// is learned by each process for itself, as without a store; a day's quotas are each job's own.
//
// Threads: the I/O thread's.
//
// Invariants:
//   1. From start() on nothing is sent at a shared endpoint without a share whose lease holds by this machine's monotonic
//      clock, counted from before the call that brought it: a process that was stopped for longer sends nothing when it wakes.
//   2. What a process of the same checkpoint had when it was killed is free with the first call: its lock is this one's, so it is dead.
//   3. A store that is away costs what it withholds and nothing else: no row is rejected for it, and the run goes on when
//      it is back.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "fleet/member.h"
#include "net/loop.h"
#include "pool_store/pool_store.h"
#include "provider/endpoint.h"
#include "provider/outcome.h"
#include "schedule/shares.h"
#include "schedule/types.h"

namespace sluice::dispatch {

// The name of the pool that an endpoint's quotas belong to: equal for equal servers, keys and models, whatever the job. It does
// not show the key.
std::string pool_of(const provider::EndpointSpec& endpoint);

class QuotaShares {
 public:
  struct Setup {
    net::Loop& loop;
    const core::Clock& clock;
    std::span<const provider::EndpointSpec> specs;
    pool_store::PoolStore& store;
    std::string member;     // unique to this start of the process
    std::string directory;  // of the checkpoint, of which this process has the lock
    std::function<schedule::Demanded(schedule::EndpointId)> demanded;
    // Called now and then; something may be sent by it.
    std::function<void(schedule::EndpointId, const schedule::Share&)> granted;
    // Why nothing, or less, can be sent, for people; empty when that is over.
    std::function<void(std::string)> problem;
  };
  explicit QuotaShares(Setup setup);
  QuotaShares(const QuotaShares&) = delete;
  QuotaShares& operator=(const QuotaShares&) = delete;

  void start();
  // What became of an attempt.
  void finished(schedule::EndpointId endpoint, const provider::Outcome& outcome);
  // Gives the shares back, which takes a call to the store, at most kFarewell. Nothing is sent from then on.
  static constexpr std::chrono::milliseconds kFarewell{1000};
  void leave(std::function<void()> done);
  // No call of the store is of interest any more.
  void close() { closing_ = true; }

 private:
  struct Shared {
    schedule::EndpointId endpoint = 0;
    std::string pool;
    std::vector<provider::Quota> quotas;  // by limit; the slots, where they are shared, come last
    bool slots = false;
    fleet::Member member;
    bool calling = false;
    std::array<double, provider::kQuotas> used{};  // as the member was last told
    std::array<std::uint64_t, provider::kQuotas> permits_used{};
    core::Time looked{};
  };

  void tick();
  void look(Shared& shared, core::Time now);
  void call(Shared& shared, fleet::Call call, std::function<void()> done);
  void grant(Shared& shared, core::Time now);
  void tell(std::string problem);

  Setup setup_;
  std::vector<Shared> shared_;
  std::unique_ptr<net::Loop::Timer> timer_;
  std::unique_ptr<net::Loop::Timer> farewell_;
  bool leaving_ = false;
  bool closing_ = false;
  std::string problem_;
};

}  // namespace sluice::dispatch
