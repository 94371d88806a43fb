// An endpoint as the dispatcher sees it: its codec, its origin at the HTTP client, and the parts of
// a request that are the same for all of them, made once.
//
// Threads: one at a time, the I/O thread's once requests are sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "core/money.h"
#include "http/client.h"
#include "provider/codec.h"
#include "provider/endpoint.h"

namespace sluice::stages {

struct DispatchEndpoint {
  std::unique_ptr<provider::Codec> codec;
  std::size_t origin = 0;  // at the client
  std::string path;
  std::shared_ptr<const std::string> headers;
  std::shared_ptr<const std::string> prefix;  // of the body; the user content comes between
  std::shared_ptr<const std::string> suffix;
  core::Price price;
  std::optional<int> output_cap;  // of one reply, as each request says it

  std::size_t frame_bytes() const { return prefix->size() + suffix->size(); }
};

// ErrorCode::pipeline when its URL, CA file or proxy cannot be used.
core::Result<DispatchEndpoint> make_endpoint(const provider::EndpointSpec& spec,
                                             const provider::PromptFrame& frame,
                                             http::Client& client);

// Whether the first request should fill the provider's prompt cache before others go.
// `frame_bytes`: of what every request carries.
bool pays_to_warm_up(const core::Price& price, std::size_t frame_bytes);

}  // namespace sluice::stages
