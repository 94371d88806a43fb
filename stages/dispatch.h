// Sends requests and brings back replies. Owns the I/O thread: the event loop, the HTTP client, the
// scheduler that decides, and the codecs. The protocol of one attempt (checkpoint.h, invariant 3):
//
//   scheduler says Send → intent durable → request written → reply read → scheduler told →
//   reply handed on (its settlement travels with the answers) or settlement committed alone
//
// An attempt keeps its endpoint's slot until its settlement has been handed to the checkpoint
// (booked()). Intents come after that, so a crash never leaves more of them open than there are
// slots: what may be billed twice is bounded by what may be in flight.
//
// Threads: start(), submit(), booked(), drain(), abort() and state() from any; join() from the one
// that made it; handlers run on the I/O thread and must not block.
//
// Bound: the queue to the I/O thread is bounded by the flow's credits.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/error.h"
#include "schedule/scheduler.h"
#include "stages/item.h"
#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::stages {

// Few enough that workers can share a burst.
constexpr std::size_t kCompletions = 64;

struct DispatchHandlers {
  std::function<void(Completions&&)> completed;  // replies, at most kCompletions of them
  std::function<void(RequestPtr, const core::Reject&)> rejected;  // can never be answered
  std::function<void(RequestPtr, provider::Cause)> split;         // too large for its endpoint
  // Stays pending. `why`: where the run goes on without it; empty when the run ends.
  std::function<void(RequestPtr, const std::string& why)> released;
  std::function<void(schedule::HaltCause, const std::string& why)>
      halted;  // nothing more will be sent
  // The I/O thread cannot go on; no other handler runs behind it. Takes no memory.
  std::function<void(core::Error)> failed;
};

// For people: what the progress display shows.
struct DispatchState {
  schedule::Snapshot schedule;
  provider::Usage usage;  // of this run
  core::Money cost;       // of this run, known
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;
  // What servers said and cannot be true (provider/exchange.h), in this run.
  std::uint64_t uncounted = 0;  // answers without token counts that can be used
  core::Money uncounted_cost;   // what they count for: their worst case
  std::uint64_t odd_charges = 0;
};

// What the job's other questions have used of daily quotas, by the endpoints' names.
using DayUses = std::multimap<std::string, store::DayUse>;

class Dispatcher {
 public:
  // ErrorCode::pipeline when an endpoint's URL or CA file cannot be used.
  static core::Result<std::unique_ptr<Dispatcher>> make(const PipelineSpec& spec,
                                                        const Question& question,
                                                        checkpoint::Checkpoint& checkpoint,
                                                        DispatchHandlers handlers,
                                                        const DayUses& used_elsewhere = {});
  virtual ~Dispatcher() = default;
  virtual void start() = 0;
  virtual void submit(std::vector<RequestPtr> requests) = 0;
  // The settlements of completed attempts have been given to the checkpoint: so many of each
  // endpoint, by its index.
  virtual void booked(std::vector<int> by_endpoint) = 0;
  // Send nothing more; what is in flight is waited for, the rest released.
  virtual void drain() = 0;
  // Drop everything now: no handler runs any more once join() has returned. Takes no memory.
  virtual void abort() = 0;
  virtual void join() = 0;
  virtual DispatchState state() const = 0;
};

}  // namespace sluice::stages
