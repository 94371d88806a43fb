// Calls of Google Pub/Sub, by its REST API (v1).
//
// Threads: any, several calls at once. A request is sent twice at most.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "queue/queue.h"
#include "queue/spec.h"
#include "queue/web_calls.h"

namespace sluice::queue {

std::string pubsub_name_of(const Spec& spec);  // "rows"

class PubsubClient {
 public:
  // `what`: "projects/p/subscriptions/rows". ErrorCode::pipeline for an address or credentials that cannot be used.
  static core::Result<std::unique_ptr<PubsubClient>> make(const Pubsub& at,
                                                          const std::string& what);

  // POST of "pull", "publish", …
  std::shared_ptr<place::Pending> start(std::string_view method, std::string body);
  // The answer's body.
  QueueResult<std::string> finish(std::string_view method, place::Pending& pending) const;
  QueueResult<std::string> call(std::string_view method, std::string body);
  // Whether it is there. Also where the credentials may not ask.
  QueueResult<void> find();

  const std::string& name() const { return calls_.name(); }
  void close() { calls_.close(); }
  bool closed() const { return calls_.closed(); }
  QueueFailure closed_failure(std::string_view method) const {
    return calls_.closed_failure(method);
  }

 private:
  PubsubClient(std::string name, std::string path, place::Server server);

  const std::string path_;  // "/v1/projects/p/subscriptions/rows"
  WebCalls calls_;
};

}  // namespace sluice::queue
