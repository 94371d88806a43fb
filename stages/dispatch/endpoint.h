// An endpoint as dispatch and its senders see it: its codec, its price, and the parts of a request's
// body that are the same for all of them, made once.
//
// Threads: one at a time, the I/O thread's once requests are sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/price.h"
#include "dispatch/answer_form.h"
#include "provider/codec.h"
#include "provider/endpoint.h"

namespace sluice::dispatch {

struct Endpoint {
  std::shared_ptr<AnswerForm> form;  // with the parts of the body; not null
  std::unique_ptr<provider::Codec> codec;
  core::Price price;
  std::optional<int> output_cap;  // of one reply, as each request says it

  std::size_t frame_bytes() const { return form->frame_bytes(); }
};

Endpoint make_endpoint(const provider::EndpointSpec& spec, const provider::PromptFrame& frame);

// Whether the first request should fill the provider's prompt cache before others go.
// `frame_bytes`: of what every request carries.
bool pays_to_warm_up(const core::Price& price, std::size_t frame_bytes);

}  // namespace sluice::dispatch
