// Sends requests and brings back replies. Owns the I/O thread and its event loop, on which the
// scheduler decides (attempts.h) and a Sender carries. The sender and the clock are given.
//
// An attempt keeps its endpoint's slot until its settlement has been handed to the checkpoint
// (settled()). Intents come after that, so a crash never leaves more of them open than there are
// slots: what may be billed twice is bounded by what may be in flight.
//
// Threads: start(), submit(), settled(), drain(), pause(), set_budget(), abort() and state() from any; join() from the one
// that made it; handlers run on the I/O thread and must not block.
//
// Bound: the queue to the I/O thread is bounded by the flow's credits.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/clock.h"
#include "core/error.h"
#include "dispatch/budget_shares.h"
#include "dispatch/config.h"
#include "dispatch/sender.h"
#include "observe/observer.h"
#include "parked/batch_jobs.h"
#include "schedule/scheduler.h"
#include "stages/item.h"
#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::dispatch {

// Few enough that workers can share a burst.
constexpr std::size_t kCompletions = 64;

struct Handlers {
  std::function<void(stages::Completions&&)> completed;  // replies, at most kCompletions of them
  std::function<void(stages::RequestPtr, const core::Reject&)> rejected;  // can never be answered
  std::function<void(stages::RequestPtr, provider::Cause)> split;  // too large for its endpoint
  // Stays pending. `why`: where the run goes on without it; empty when the run ends.
  std::function<void(stages::RequestPtr, const std::string& why)> released;
  std::function<void(schedule::HaltCause, const std::string& why)>
      halted;  // nothing more will be sent
  // The I/O thread cannot go on; no other handler runs behind it. Takes no memory.
  std::function<void(core::Error)> failed;
};

// For people: what the progress display shows.
struct State {
  schedule::Snapshot schedule;
  provider::Usage usage;  // of this run
  core::Money cost;       // of this run, known
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;
  // What servers said and cannot be true (provider/exchange.h), in this run.
  std::uint64_t uncounted = 0;  // answers without token counts that can be used
  core::Money uncounted_cost;   // what they count for: their worst case
  std::uint64_t odd_charges = 0;
  std::vector<std::string> form_notes;  // by endpoint (AnswerForm::note)
  std::string shares_problem;           // why shared quotas let less be sent; may be empty
};

// Borrowed: all of it must outlive the dispatcher, but for make_sender.
struct Setup {
  const stages::PipelineSpec& spec;
  const stages::Question& question;
  checkpoint::Checkpoint& checkpoint;
  const DayUses& used_by_others;
  const MakeSender& make_sender;
  const core::Clock& clock;
  // How many rows are still to be submitted, as far as that can be told, when so many have been:
  // for schedule::Route::deadline. Called on the I/O thread.
  std::function<std::optional<double>(std::uint64_t submitted)> rows_to_come = {};
  parked::BatchJobs* batches = nullptr;   // null: there are none
  observe::Observer* observer = nullptr;  // null: nobody listens
  // That the processes of a fleet write to together; empty: there is none (budget_shares.h).
  AskLedger ledger = {};
  std::function<void(const std::string& member)> spends_as = {};  // BudgetShares::Setup's
};

// What an endpoint is fit for at `now`.
observe::Health health_of(const schedule::EndpointState& state, core::Time now);

class Dispatcher {
 public:
  // Fails as Setup::make_sender does.
  static core::Result<std::unique_ptr<Dispatcher>> make(const Setup& setup, Handlers handlers);
  virtual ~Dispatcher() = default;
  virtual void start() = 0;
  virtual void submit(std::vector<stages::RequestPtr> requests) = 0;
  // The settlements of completed attempts have been given to the checkpoint: so many of each
  // endpoint, by its index.
  virtual void settled(std::vector<int> by_endpoint) = 0;
  // Send nothing more; what is in flight is waited for, the rest released.
  virtual void drain() = 0;
  // Before drain(): not even what was about to be sent is. Any thread.
  virtual void withhold() = 0;
  // Send nothing for a while; and another budget, of the job as the pipeline's is (Scheduler's).
  virtual void pause(bool paused) = 0;
  virtual void set_budget(core::Money budget) = 0;
  // Drop everything now: no handler runs any more once join() has returned. Takes no memory.
  virtual void abort() = 0;
  virtual void join() = 0;
  virtual State state() const = 0;
  // From any thread: a batch has ended (Scheduler::collected), and no more shall be parked.
  virtual void collected(std::uint32_t endpoint, std::uint64_t lines, core::Money worst,
                         core::Money cost) = 0;
  virtual void stop_parking(std::uint32_t endpoint, std::string why) = 0;
  // Whether all that was handed over by submit() and settled() has come to the scheduler. On the
  // I/O thread.
  virtual bool all_taken() const = 0;
};

}  // namespace sluice::dispatch
