// A run of a job: joins the stages into a flow graph and drives it to its end.
//
//   reader ──▶ prepare ──▶ pack ──▶ build ──▶ dispatch ──▶ parse ──▶ sink
//   (thread)   parallel    serial   parallel  (I/O thread) parallel  (committer's thread)
//                            ▲                                │
//                            └───────── asked again ──────────┘
//
// Threads: make() and run() on one thread; stop(), pause(), set_budget() and progress() from any (none of them from a signal
// handler). A Run is used once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "core/clock.h"
#include "core/error.h"
#include "dispatch/dispatch.h"
#include "dispatch/online_sender.h"
#include "stages/key_tally.h"
#include "stages/pack_savings.h"
#include "stages/reject_tally.h"
#include "stages/shards.h"
#include "stages/spec.h"

namespace sluice::job {

inline const core::SystemClock kMachineClock;

// Endpoints that refuse batches, by their index, and why: no more are handed over there.
using BatchRefusals = std::vector<std::pair<std::uint32_t, std::string>>;

struct RunOptions {
  std::optional<std::uint64_t> limit;  // read at most so many rows
  bool detach = false;                 // hand over batches, and do not wait for them
  BatchRefusals batch_refusals = {};   // of an earlier run over the same input, RunResult's
  bool keep_going = false;             // also when the first rows all fail alike (first_rejects.h)
  dispatch::DayUses day_use_of_others = {};  // of the job's other questions
  // Told within make() what a person should know and ends nothing.
  std::function<void(std::string)> notice = [](const std::string&) {};
  // Where the job is shared with other processes (passes/passes.h): what of the input is read here, and where its
  // write-ahead log goes as well. Both outlive the run.
  stages::Shards* shards = nullptr;
  wal::SharedLog* shared_log = nullptr;
  parked::SharedFiles* shared_files = nullptr;  // likewise: of batches
  // By which those who share a budget know what the others have spent (dispatch/budget_shares.h).
  dispatch::AskLedger ledger = {};
  std::function<void(const std::string& member)> spends_as = {};
  observe::Observer* observer = nullptr;  // of what happens; it outlives the run
  // For measurements beside a run that keeps nothing (bench/unchecked.cc).
  std::function<core::Result<std::unique_ptr<checkpoint::Checkpoint>>(const checkpoint::Options&,
                                                                      checkpoint::Projection&)>
      open_checkpoint = checkpoint::Checkpoint::open;
  // How attempts are carried, and by which clock: for tests. The clock must outlive the run.
  dispatch::MakeSender make_sender = dispatch::make_online_sender;
  const core::Clock* clock = &kMachineClock;
  // Rows of a queue are looked at and left there: for a run that keeps nothing.
  bool look = false;
};

// How far a run is, for the display and the summary.
struct Progress {
  store::Account account;             // of the job: earlier runs included
  std::uint64_t rows_at_start = 0;    // had ended before this run
  std::uint64_t rows_read = 0;        // by this run
  std::uint64_t rows_ended = 0;       // by this run: answered or rejected
  std::uint64_t rows_committing = 0;  // have ended, and are not durable yet
  std::uint64_t rows_shared = 0;      // of these, answered by an answer that was there already
  std::uint64_t rows_accepted = 0;    // of those read: answered by an earlier level of the cascade
  std::uint64_t rows_asked_again =
      0;  // askings beyond a row's first, for an answer that did not fit
  std::vector<stages::RejectTally::Reason> rejects;  // of this run, the most frequent first
  stages::KeyTally::Found same_keys;                 // among the rows that this run read
  stages::PackSavings::Saved saved;                  // by packs, in this run
  bool input_complete = false;
  std::optional<double> share_read;        // of the input, when its size is known
  std::optional<std::string> waiting_for;  // a pipe that gives nothing (Reader::waiting_for)
  dispatch::State dispatch;
  std::optional<parked::BatchesState> batches = {};  // where there are any
};

// What an earlier run over the same input has done, for a run that goes on with what batches have
// brought: as if the two were one.
void add_earlier(Progress& progress, const Progress& earlier);

enum class RunEnd : std::uint8_t {
  finished,  // every row has ended
  stopped,   // on request, budget or deadline, or no endpoint is left: resumable
};

struct RunResult {
  RunEnd end = RunEnd::finished;
  std::string why;                           // stopped: by what
  std::optional<schedule::HaltCause> cause;  // stopped by budget or deadline
  std::optional<core::Error> error;          // stopped: by no limit and on no request
  Progress progress;
  std::uint64_t unmatched = 0;  // rows of the checkpoint that are no longer in the input
  bool dropped = false;         // these were taken out of the sink
  std::vector<core::Hash128> dropped_rows = {};  // and are these, where the log is shared
  // Rows wait for batches (stopped), or batches have brought replies that another run over the same
  // input reads, at once: then `again`.
  bool again = false;
  std::uint64_t batches_out = 0;
  BatchRefusals batch_refusals = {};  // those that were known before too
};

class Run {
 public:
  // Opens the input, the checkpoint and the sink. Nothing is sent yet. `spec` must outlive the run.
  static core::Result<std::unique_ptr<Run>> make(const stages::PipelineSpec& spec,
                                                 const RunOptions& options);
  virtual ~Run() = default;

  virtual const checkpoint::Checkpoint::Opened& opened() const = 0;
  // Blocks until the run has ended. What was committed is safe whatever it returns.
  virtual core::Result<RunResult> run() = 0;
  // Read no more, ask no more, finish what is in flight.
  virtual void stop(std::string why) = 0;
  // The same, and what was about to be sent is not.
  virtual void stop_at_once(std::string why) = 0;
  // Send nothing and create no batch, until it is told otherwise; what is in flight goes on. The
  // deadline stands. No effect on a run that stops.
  virtual void pause(bool paused) = 0;
  // In the place of the pipeline's. No effect on a run that stops.
  virtual void set_budget(core::Money budget) = 0;
  virtual Progress progress() const = 0;
  // Whether nothing runs in the flow, so that rows only wait for a moment to come, or for attempts
  // that the sender has. On the I/O thread, where the scheduler has been asked: within
  // Clock::machine_wait(). For a clock that skips waits.
  virtual bool only_waits() const = 0;
};

}  // namespace sluice::job
