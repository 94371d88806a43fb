// Vertex AI: Gemini's format at the addresses of Google Cloud (docs/providers.md, Vertex AI). For runtime/codec alone.
#pragma once

#include <span>
#include <string>

#include "provider/profile.h"

namespace sluice::codec {

std::span<const provider::Profile> vertex_services();

// Below the base URL: of the endpoint's project and location, or of neither where an API key stands for its project.
std::string vertex_path(const provider::EndpointSpec& endpoint);

}  // namespace sluice::codec
