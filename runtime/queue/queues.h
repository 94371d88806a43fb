// Queues as sources of rows, and as targets of answers.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "format/record_source.h"
#include "format/record_target.h"
#include "queue/spec.h"

namespace sluice::queue {

// Spec::take: rows that are to be acknowledged each (RecordSource::ended). Else what the queue holds now, where it can be
// looked at without a change to it; ErrorCode::pipeline where it cannot.
core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec);

struct Target {
  Spec spec;
  std::string job;                     // whose answers these are
  std::string key = {};                // the field that names a row; empty = none
  std::vector<std::string> only = {};  // fields to put; none: all that the lines have
  // The job's checkpoint's, for where the answers end where the queue cannot keep that.
  std::string folder = {};
};

// Its open() connects. It takes nothing back: restart() is an Error.
std::unique_ptr<format::RecordTarget> make_target(Target target);

}  // namespace sluice::queue
