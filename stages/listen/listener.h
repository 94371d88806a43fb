// The HTTP listener of `run --listen` and `status --listen`: a thread and a loop of its own, at a lower priority than
// the job's, so that nothing that is asked here is at the job's cost.
//
// Threads: open() and the destructor on one; all that is asked is answered on the listener's.
//
// Bounds: kMostConnections at a time (one more closes the one that lets the listener wait for longest); a request has
// kPatience to come whole, and an answer to be taken in; a body of Routes::kMostBody bytes.
#pragma once

#include <memory>

#include "core/clock.h"
#include "core/error.h"
#include "listen/access.h"
#include "listen/routes.h"
#include "listen/source.h"

namespace sluice::listen {

class Listener {
 public:
  static constexpr std::size_t kMostConnections = 64;
  static constexpr std::chrono::seconds kPatience{20};

  // ErrorCode::io where the address is taken or is not this machine's. `source` outlives it.
  static core::Result<std::unique_ptr<Listener>> open(const Address& address, Gate gate,
                                                      Source& source, Routes::Process process);
  virtual ~Listener() = default;
  virtual int port() const = 0;
};

}  // namespace sluice::listen
