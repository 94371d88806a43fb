// Somewhere rows are put that keeps by itself how far it has come, such as a table: what is put there
// comes from a file of lines, the job's answers, piece by piece.
//
// Threads: one. Blocking: for threads of their own.
//
// Invariant: at every moment, also after a kill or a power cut, exactly the lines of [0, stand) are
// there, each once.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"

namespace sluice::format {

// How much of the file of lines is there, and what that was (sink/prefix_hash.h).
struct Stand {
  std::uint64_t bytes = 0;
  core::Hash128 digest = {};
  friend bool operator==(const Stand&, const Stand&) = default;
};

class RecordTarget {
 public:
  virtual ~RecordTarget() = default;
  // Makes ready to put(); where this job stands there, zero before its first time. An Error says what is
  // wrong there and what to do: it cannot be reached, it holds what is not this job's.
  virtual core::Result<Stand> open() = 0;
  // The lines so far are no longer the file's: what stands there goes, in one step with the next put()
  // where that is possible. An Error where the target cannot take rows back, with what to do.
  virtual core::Status restart() = 0;
  // Whole lines, each a JSON object ended by '\n', that stand behind what is there. All of them and
  // `stand`, or nothing; durable when it returns. An Error names the row that does not fit.
  virtual core::Status put(std::string_view lines, const Stand& stand) = 0;
};

}  // namespace sluice::format
