// A job's answers stand as lines in one file, which its checkpoint proves, cuts and writes again
// (job/file_sink.h). Sinks that are not that file are brought up to it from there: each has all of its
// lines up to some place, once, whatever was killed when.
//
// Threads: one; deliver() while the job's lock is held and nothing runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "stages/spec.h"

namespace sluice::deliver {

// Before a run, so that it does not fail at its end: what stands in each sink's place is this job's, or
// nothing. ErrorCode::pipeline, with what to do.
core::Status look_ahead(const stages::PipelineSpec& spec);

struct Delivered {
  std::string to;          // for people
  std::uint64_t rows = 0;  // that are there now
  bool changed = false;    // by this call
};
// In the order of the pipeline file.
core::Result<std::vector<Delivered>> deliver(const stages::PipelineSpec& spec);

// How a sink stands to the file of lines.
enum class Standing : std::uint8_t {
  whole,    // it has all lines, as this job wrote it
  behind,   // lines have come since; the next run delivers them
  never,    // nothing was delivered yet
  missing,  // it was delivered, and is not there any more
  changed,  // somebody changed it
};
std::string_view standing_name(Standing standing);
struct Stands {
  std::string to;
  Standing standing = Standing::never;
  std::uint64_t rows = 0;  // when it was last delivered
};
core::Result<std::vector<Stands>> standings(const stages::PipelineSpec& spec);

}  // namespace sluice::deliver
