// The protocol of attempts, without a thread, a loop or a clock of its own:
//
//   scheduler says Send → intent durable → Sender::send() → finished() → scheduler told →
//   reply handed on, its settlement with it; or settlement committed alone
//
// Threads: one at a time (the I/O thread), but for abort(), aborted(), withhold() and state(), which any may
// call.
//
// Invariants:
//   1. Nothing is sent whose intent is not durable.
//   2. Each request ends once: in `completed`, `rejected`, `split` or `released`; one that goes into a
//      batch is released.
//   3. Each attempt that was intended is settled once, whatever a Sender does: a second finished()
//      of one attempt, or one of an attempt that was never sent, changes nothing. Not settled are
//      those that were open at abort(): the next run counts them as maybe billed.
//   4. After abort() no handler runs.
#pragma once

#include <atomic>
#include <functional>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/clock.h"
#include "dispatch/dispatch.h"
#include "dispatch/endpoint.h"
#include "dispatch/sender.h"
#include "observe/observer.h"
#include "parked/batch_jobs.h"
#include "provider/attempt_cost.h"
#include "provider/exchange.h"
#include "schedule/scheduler.h"

namespace sluice::dispatch {

class Attempts {
 public:
  struct Setup {
    schedule::Config config;
    std::span<Endpoint> endpoints;  // outlive this
    checkpoint::Checkpoint& checkpoint;
    const Handlers& handlers;
    Sender& sender;
    const core::Clock& clock;
    std::function<std::optional<double>(std::uint64_t submitted)> rows_to_come = {};
    // Runs work on the I/O thread; called on a thread of the checkpoint's, once a burst.
    std::function<void(std::function<void()>)> post;
    parked::BatchJobs* batches = nullptr;
    observe::Observer* observer = nullptr;  // outlives this
    // Called with each attempt that has ended; may be empty.
    std::function<void(schedule::EndpointId, const provider::Outcome&)> ended = {};
  };
  explicit Attempts(Setup setup);

  void submit(const std::vector<stages::RequestPtr>& requests);
  // Dispatcher::settled().
  void settled(std::span<const int> by_endpoint);
  void drain() { scheduler_.drain(); }
  // Any thread.
  void withhold() { withheld_ = true; }
  bool withheld() const { return withheld_; }
  void pause(bool paused) { scheduler_.pause(paused); }
  void set_budget(core::Money budget, schedule::BudgetPart part = {}) {
    scheduler_.set_budget(budget, std::move(part));
  }
  schedule::Purse purse() { return scheduler_.purse(); }
  void granted(schedule::EndpointId endpoint, const schedule::Share& share) {
    scheduler_.granted(clock_.now(), endpoint, share);
  }
  void note_shares(std::string problem) { totals_.shares_problem = std::move(problem); }
  schedule::Demanded demanded(schedule::EndpointId endpoint) {
    return scheduler_.demanded(endpoint);
  }
  // Dispatcher's.
  void collected(std::uint32_t endpoint, std::uint64_t lines, core::Money worst, core::Money cost) {
    scheduler_.collected(endpoint, lines, worst, cost);
  }
  void stop_parking(std::uint32_t endpoint, std::string why) {
    scheduler_.stop_parking(endpoint, std::move(why));
  }
  // Does all that is to be done now. Returns when it is next worth calling, if nothing else
  // happens.
  std::optional<core::Time> pump();
  // As things stand is what state() says next: pump() sees to that only now and then, and nothing may come
  // after it for long.
  void publish() { publish(clock_.now()); }
  // Sender::Events.
  void finished(const schedule::Send& send, provider::Reply&& reply, std::uint64_t reply_bytes);
  // Within `completed`.
  bool handing_on() const { return handing_on_; }
  // The last thing to be done: commits what has finished behind the last pump().
  void end();

  void abort() { aborted_ = true; }
  bool aborted() const { return aborted_; }
  State state() const;

 private:
  using How = observe::RequestEnded::How;
  struct Open {
    stages::RequestPtr request;
    core::Time submitted;
    std::uint32_t attempts = 0;
  };

  void act(const schedule::Send& send) { sends_.push_back(send); }
  void act(const schedule::Park& park);
  void act(const schedule::Cancel& cancel) { sender_.cancel(cancel.attempt); }
  void act(const schedule::RejectRequest& reject) {
    handlers_.rejected(take(reject.request, How::rejected, reject.reject.reason), reject.reject);
  }
  void act(const schedule::SplitRequest& split) {
    handlers_.split(take(split.request, How::split), split.cause);
  }
  void act(const schedule::ReleaseRequest& release) {
    handlers_.released(take(release.request, How::released, release.why), release.why);
  }
  void act(const schedule::Halt& halt) { handlers_.halted(halt.cause, halt.message); }
  // It has ended.
  stages::RequestPtr take(schedule::RequestId id, How how, std::string_view why = {});

  // Has the intents of `sends_` made durable; sends them then.
  void intend(core::Time now);
  void send(std::vector<schedule::Send>& sends);
  void hand_on();
  void commit_failures();
  // The endpoint is asked in another form now: the attempt counts as not sent.
  void ask_otherwise(const schedule::Send& send, provider::Outcome& outcome);
  // What it means where texts are embedded: which of them the server names, or that it is the one.
  void note_too_large(schedule::RequestId id, provider::Outcome& outcome);
  // Drops from the reply's outcome what cannot be true.
  provider::Doubts hold_against(const schedule::Send& send, std::uint64_t reply_bytes,
                                provider::Reply& reply) const;
  void count(const schedule::Send& send, const provider::Outcome& outcome,
             const provider::AttemptCost& cost, const provider::Doubts& doubts);
  // Tells the checkpoint what is used of the daily quotas.
  void keep_day_use(core::Time now);
  void publish(core::Time now);
  // Tells the observer, where there is one.
  void tell_attempt(const schedule::Send& send, const provider::Outcome& outcome, core::Time now,
                    core::Money cost);
  void tell_changes(core::Time now);
  // Tells the scheduler how much is still to come.
  void look_ahead();

  const std::span<Endpoint> endpoints_;
  checkpoint::Checkpoint& checkpoint_;
  const Handlers& handlers_;
  Sender& sender_;
  const core::Clock& clock_;
  const std::function<std::optional<double>(std::uint64_t)> rows_to_come_;  // may be empty
  std::uint64_t rows_submitted_ = 0;
  std::uint64_t requests_submitted_ = 0;
  const std::function<void(std::function<void()>)> post_;
  parked::BatchJobs* const batches_;
  observe::Observer* const observer_;
  const std::function<void(schedule::EndpointId, const provider::Outcome&)> ended_;
  std::vector<observe::Health> healths_;  // by endpoint, as the observer was last told
  std::size_t frame_bytes_;               // of the longest
  schedule::Scheduler scheduler_;

  std::pmr::unsynchronized_pool_resource nodes_;                          // of requests_
  std::pmr::unordered_map<schedule::RequestId, Open> requests_{&nodes_};  // waiting or in flight
  std::atomic<bool> aborted_ = false;
  std::atomic<bool> withheld_ = false;
  bool handing_on_ = false;
  std::vector<schedule::Action> actions_;
  std::vector<schedule::Send> sends_;  // of this pump: one burst of intents
  stages::Completions completions_;
  std::vector<store::Settlement> failures_;
  State totals_;
  core::Time published_{};

  mutable std::mutex state_mutex_;  // guards state_
  State state_;
};

}  // namespace sluice::dispatch
