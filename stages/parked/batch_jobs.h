// The batches of a run: filled from requests that the scheduler parks, handed to their providers,
// waited for, and their results brought home. What becomes of a batch when is the machine's
// (batch/machine.h); this does the input and output.
//
//   park() ─▶ a file is filled ─▶ sealed ─▶ [intended, in the checkpoint] ─▶ the machine's steps ─▶
//   results fetched, their lines settled with the record, in one commit ─▶ the next pass over the
//   input finds the replies (ParkedRows) where it finds stored answers
//
// Threads: open() and close() on one thread. park(), seal_old() and seal_all() on the I/O thread, or
// after it has ended; find(), questions() and reply() on the pack stage's; state() and abandon() from
// any; wait() and hand_over() on one that waits. A thread of its own drives the batches.
//
// Invariants:
//   1. Nothing of a batch is sent before it is `intended` in the checkpoint, its files on the disk.
//   2. A line is settled once: in the commit that makes its batch collected.
//   3. The files of a batch are removed only when its answers are in the checkpoint.
//   4. Where machines share the job, each of these files stands where all find it before the record that needs it. What is
//      handed over stays on its machine: a batch that another one has not handed over is dropped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batch/machine.h"
#include "checkpoint/checkpoint.h"
#include "core/clock.h"
#include "core/error.h"
#include "observe/observer.h"
#include "parked/parked_rows.h"
#include "parked/shared_files.h"
#include "provider/codec.h"
#include "provider/endpoint.h"
#include "schedule/types.h"
#include "stages/item.h"
#include "stages/parked_replies.h"

namespace sluice::parked {

struct BatchSetup {
  std::string directory;                                 // the checkpoint's
  const std::vector<provider::EndpointSpec>& endpoints;  // outlives it
  checkpoint::Checkpoint& checkpoint;                    // likewise
  const core::Clock& clock;
  batch::Patience patience = {};
  std::optional<core::WallTime> deadline = {};
  // What the online endpoints deliver, and what they have still to do: for the deadline.
  struct Online {
    double per_second = 0;
    double left = 0;
  };
  std::function<Online()> online;
  // On the batches' thread: money that was reserved has become what it has cost; and no more shall
  // be parked at an endpoint.
  std::function<void(std::uint32_t endpoint, std::uint64_t lines, core::Money worst,
                     core::Money cost)>
      collected;
  std::function<void(std::uint32_t endpoint, const std::string& why)> stopped;
  std::function<void(core::Error)> failed;
  observe::Observer* observer = nullptr;  // null: nobody listens
  SharedFiles* shared = nullptr;          // where several machines share the job; outlives it
};

// For people.
struct BatchesState {
  std::vector<store::BatchRecord> batches;  // of this run and those that were open before it
  std::uint64_t filling = 0;                // lines of files that are not sealed yet
};

class BatchJobs : public stages::ParkedReplies {
 public:
  // Null where no endpoint has batches and the checkpoint knows of none. ErrorCode::pipeline where a
  // batch is out at an endpoint that the pipeline has no more.
  static core::Result<std::unique_ptr<BatchJobs>> open(BatchSetup setup);
  virtual ~BatchJobs() = default;

  virtual void start() = 0;
  virtual void park(const schedule::Park& park, const stages::Request& request,
                    std::string_view body) = 0;
  // Files that have been open for long, or all.
  virtual void seal_old() = 0;
  virtual void seal_all() = 0;
  // While paused no batch is created; those that are out go on. Any thread.
  virtual void pause(bool paused) = 0;
  // Until another pass over the input is worth its while (true), or nothing is out, or `stop` says so.
  // `passed`: what the last pass took.
  virtual bool wait(core::Duration passed, const std::function<bool()>& stop) = 0;
  // Until no batch is left to be created, or `stop` says so: false.
  virtual bool hand_over(const std::function<bool()>& stop) = 0;
  // After close(), where every row has ended: the files of collected batches are of no use any more.
  virtual void forget() = 0;
  virtual BatchesState state() const = 0;
  // Nothing is committed any more: what is under way is dropped. Takes no memory.
  virtual void abandon() = 0;
  // Lets what creates a batch come to its end, and stops.
  virtual void close() = 0;
};

}  // namespace sluice::parked
