#include "telemetry/endpoint_info.h"

#include <array>
#include <utility>

#include "http/url.h"
#include "provider/tier.h"

namespace sluice::telemetry {

std::string_view provider_name(std::string_view profile) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames = {{
      {"anthropic_chat", "anthropic"},
      {"azure", "azure.ai.openai"},
      {"bedrock", "aws.bedrock"},
      {"gemini", "gcp.gemini"},
      {"google", "gcp.gemini"},
      {"mistral", "mistral_ai"},
      {"vertex", "gcp.vertex_ai"},
      {"xai", "x_ai"},
  }};
  for (const auto& [ours, theirs] : kNames)
    if (ours == profile) return theirs;
  return profile;
}

EndpointInfo endpoint_info(const provider::EndpointSpec& spec, std::string_view profile) {
  EndpointInfo info{.name = spec.name,
                    .provider = std::string(provider_name(profile)),
                    .model = spec.model,
                    .operation = spec.api == "embeddings" ? "embeddings" : "chat",
                    .address = {},
                    .tier = spec.service_tier};
  if (const auto url = http::parse_url(spec.base_url)) {
    info.address = url->host;
    info.port = url->port;
  }
  return info;
}

}  // namespace sluice::telemetry
