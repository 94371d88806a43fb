// What the calls that speak Anthropic's Messages have in common: its own, and Vertex AI's for Claude.
//
// Threads: plain functions, any thread.
#pragma once

#include <expected>
#include <string_view>

#include "wire/wire.h"

namespace sluice::wire {

// Of a body without the model, which stands in the path there.
extern const Fields kVertexMessages;

std::expected<Asked, Refusal> read_messages_of(const Element& body, std::string_view model);
void write_messages(const Asked& asked, const Answer& answer, http::ServerResponse& response);

}  // namespace sluice::wire
