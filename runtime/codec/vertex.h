// Vertex AI: Gemini's format, and Anthropic's for Claude, at the addresses of Google Cloud (docs/providers.md, Vertex AI). For
// runtime/codec alone.
#pragma once

#include <span>
#include <string>

#include "provider/profile.h"

namespace sluice::codec {

std::span<const provider::Profile> vertex_services();

// Below the base URL: of the endpoint's project and location, or of neither where an API key stands for its project.
std::string vertex_path(const provider::EndpointSpec& endpoint);

// Whether the endpoint's model is Claude at Vertex AI, which is asked in Anthropic's format.
bool is_claude_at_vertex(const provider::EndpointSpec& endpoint);
// Vertex AI as it is for Claude: Anthropic's usage and prices, and both vendors' errors.
const provider::Profile& claude_at_vertex();
// Whether Claude runs in a region there, which costs a tenth more than "global".
bool is_claude_in_region(const provider::EndpointSpec& endpoint);

}  // namespace sluice::codec
