// What the listener shows is asked for here: of a run of this process (live_job.h), or of what a job has left on the
// disk.
//
// Threads: the listener's, but for what an implementation says of itself.
#pragma once

#include <optional>
#include <string>

#include "core/error.h"
#include "core/money.h"
#include "listen/status.h"

namespace sluice::listen {

class Source {
 public:
  virtual ~Source() = default;
  // ErrorCode::io and others: said to the one who asks, as they stand.
  virtual core::Result<Status> status() = 0;
  // A page shows this status to somebody.
  virtual void shown(const Status& /*status*/) {}
  // The job over time, as Series::json().
  virtual core::Result<std::string> series() = 0;
  struct Files {
    std::string answers;
    std::string rejects;
  };
  virtual Files files() = 0;

  enum class Order : std::uint8_t { stop, pause, resume, budget };
  // The state that follows. ErrorCode::usage: it is not possible now, and why.
  virtual core::Result<State> order(Order order, core::Money budget) = 0;
};

}  // namespace sluice::listen
