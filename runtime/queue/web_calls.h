// Calls of a queue that is asked by HTTP, which end when the queue is closed.
//
// Threads: any, several calls at once.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "place/web.h"
#include "queue/queue.h"

namespace sluice::queue {

class WebCalls {
 public:
  // `name`: of the queue, for messages.
  WebCalls(std::string name, place::Server server, const place::Patience& patience);

  std::shared_ptr<place::Pending> start(place::Call call) { return web_.start(server_, call); }
  // Its answer, of any status; `what` was asked.
  QueueResult<place::Answer> finish(std::string_view what, place::Pending& pending) const;

  // Ends calls that are under way, and all to come, with a failure.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }
  QueueFailure closed_failure(std::string_view what) const;
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  const std::shared_ptr<const place::Server> server_;
  std::atomic<bool> closed_ = false;
  place::Web web_;
};

}  // namespace sluice::queue
