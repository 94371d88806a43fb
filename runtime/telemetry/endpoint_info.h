// What telemetry says of an endpoint, in the words of OpenTelemetry's conventions for generative AI, v1.41.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/
//
// Threads: plain values, plain functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "provider/endpoint.h"

namespace sluice::telemetry {

struct EndpointInfo {
  std::string name;       // ours: "openai/gpt-5.4-mini"
  std::string provider;   // gen_ai.provider.name
  std::string model;      // gen_ai.request.model
  std::string operation;  // gen_ai.operation.name: "chat", "embeddings"
  std::string address;    // server.address
  std::uint16_t port = 0;
  std::string tier;  // asked for; may be empty

  friend bool operator==(const EndpointInfo&, const EndpointInfo&) = default;
};

// The conventions' name of a service that is ours by its profile's name: "xai" is "x_ai". One that they do not have
// keeps our name.
std::string_view provider_name(std::string_view profile);

// `profile`: the name of what serves it (codec::provider_of(spec).profile->name).
EndpointInfo endpoint_info(const provider::EndpointSpec& spec, std::string_view profile);

}  // namespace sluice::telemetry
