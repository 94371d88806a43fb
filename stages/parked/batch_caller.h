// Calls of batch APIs, one at a time, waited for: a loop and a client of its own, and what proves who
// asks, for each endpoint. Nothing is tried again here.
//
// Threads: one, the batches'; stop() from any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/credentials.h"
#include "batch/machine.h"
#include "core/clock.h"
#include "core/error.h"
#include "http/client.h"
#include "net/loop.h"
#include "provider/batch_api.h"
#include "provider/endpoint.h"

namespace sluice::parked {

// What came of a call; Called::answer() points into it.
struct Called {
  http::Response response;
  std::vector<provider::HeaderView> headers;
  std::string message;
  int status = 0;
  bool sent = false;
  bool stopped = false;  // by stop(): as if it had not been asked
  std::optional<core::Duration> retry_after;
  batch::Answer answer() const {
    return {.status = status,
            .sent = sent,
            .headers = headers,
            .body = response.body,
            .message = message,
            .retry_after = retry_after};
  }
};

class BatchCaller {
 public:
  // ErrorCode::pipeline when an endpoint's URL, CA file or proxy cannot be used. `specs` and `clock`
  // outlive it.
  static core::Result<std::unique_ptr<BatchCaller>> make(
      const std::vector<provider::EndpointSpec>& specs, const core::Clock& clock);
  virtual ~BatchCaller() = default;

  // `file`: the batch's, where the call's body holds it. `sink` takes the body of a good answer. A
  // call that may not be cut off (create) is let come to its end at a stop.
  virtual Called call(std::uint32_t endpoint, const provider::BatchCall& call,
                      const std::string& file, const std::function<bool(std::string_view)>& sink,
                      bool may_be_cut_off) = 0;
  virtual void stop() = 0;
};

}  // namespace sluice::parked
