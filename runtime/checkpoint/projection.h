// Where the checkpoint's answers and rejects are projected to: the sink's files. The checkpoint is
// the truth; whatever the projection holds beyond the recorded position is cut off and written
// again.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.h"

namespace sluice::checkpoint {

struct Position {
  std::uint64_t answers = 0;  // bytes
  std::uint64_t rejects = 0;  // bytes
  friend bool operator==(const Position&, const Position&) = default;
};

// Whether this job has never written a file: one that holds something is then somebody else's.
struct Fresh {
  bool answers = false;
  bool rejects = false;
};

// Threads: open() on the opening thread, append() and write_out() on that and then on the
// committer's. sync() on one thread at a time, which may be another, beside append() and
// write_out().
class Projection {
 public:
  virtual ~Projection() = default;
  // Prepares to append at `recorded`, cutting off what stands beyond it, and returns where it
  // really stands: `recorded`, or zero when that much is no longer there (a file was removed or
  // shortened); the checkpoint then replays from its first block. A `fresh` file that
  // already holds something is refused (Error), never overwritten.
  virtual core::Result<Position> open(Position recorded, Fresh fresh) = 0;
  // Whole lines, each ended by '\n'.
  virtual core::Status append(std::string_view answers, std::string_view rejects) = 0;
  // All that was appended is handed to the operating system; returns where that ends.
  virtual core::Result<Position> write_out() = 0;
  // What was written out before the call is on the disk when it returns; what is written out
  // meanwhile may be.
  virtual core::Status sync() = 0;
};

}  // namespace sluice::checkpoint
