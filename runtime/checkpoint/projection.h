// Where the checkpoint's answers and rejects are projected to: the sink. The checkpoint is the
// truth; what the projection holds beyond the recorded position is cut off and written again, but
// only once it was proven to be this job's own: what somebody else put there is never cut.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "store/records.h"

namespace sluice::checkpoint {

// What the job has written so far, to hold against what is there. Valid during open().
class Past {
 public:
  virtual ~Past() = default;
  // The job's generations, the latest first (index 0). None before its first run.
  virtual std::size_t generations() const = 0;
  // Where the generation's projection was last known to be whole.
  virtual const store::Mark& mark(std::size_t generation) const = 0;
  // The machine went down under a run that synced no commits (Durability::process): the projection
  // may hold lines that the checkpoint has lost.
  virtual bool may_have_lost() const = 0;

  // Lines of one kind in the order in which the generation writes them: those behind the mark, or
  // all. One a call, with its '\n': any of them may be equal to another that is optional.
  // `optional`: withdrawn (withdraw.h), so it stands there only if that was after it was written.
  // `each` returns false for no more.
  enum class From : std::uint8_t { mark, beginning };
  using Each = std::function<core::Result<bool>(std::string_view line, bool optional)>;
  virtual core::Status lines(std::size_t generation, store::Kind kind, From from,
                             const Each& each) = 0;
};

// Threads: open() on the opening thread, append() and write_out() on that and then on the
// committer's. sync() on one thread at a time, which may be another, beside append() and
// write_out().
class Projection {
 public:
  virtual ~Projection() = default;
  // Holds all that is there against `past`: it must be what the job wrote, or would write again. If
  // not, an Error that says what to do, and nothing was changed. Then prepares to append at `from`,
  // cutting off what stands beyond it, and returns where it really stands: `from`, or zero when
  // that much is not there (it was removed, or an older copy was put in its place); the checkpoint
  // then replays from its first block. `from` is zero, or the latest mark's position, in each part.
  virtual core::Result<store::Position> open(store::Position from, Past& past) = 0;
  // Whole lines, each ended by '\n'.
  virtual core::Status append(std::string_view answers, std::string_view rejects) = 0;
  // All that was appended is handed to the operating system; returns where that ends.
  virtual core::Result<store::Mark> write_out() = 0;
  // What was written out before the call is on the disk when it returns, under its name; what is
  // written out meanwhile may be.
  virtual core::Status sync() = 0;
};

}  // namespace sluice::checkpoint
