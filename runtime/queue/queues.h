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

// Spec::take: the rows of a consumer group, each to be acknowledged (RecordSource::ended). Else the entries
// that stand in the stream now, from its beginning; nothing there changes.
core::Result<std::unique_ptr<format::RecordSource>> open_source(const Spec& spec);

struct Target {
  Spec spec;
  std::string job;                     // whose answers these are
  std::string key = {};                // the field that names a row; empty = none
  std::vector<std::string> only = {};  // fields to put; none: all that the lines have
};

// Its open() connects. It takes nothing back: restart() is an Error.
std::unique_ptr<format::RecordTarget> make_target(Target target);

}  // namespace sluice::queue
