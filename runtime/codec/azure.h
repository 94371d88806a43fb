// Azure OpenAI's two addresses: its v1 API, which names no version, and the one of deployments, which wants the date of
// one (docs/providers.md, Azure OpenAI). For runtime/codec alone.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "provider/endpoint.h"

namespace sluice::codec {

// As Profile::address: https://RESOURCE.openai.azure.com/openai/v1, or without /v1 when api_version is a date.
core::Result<std::string> azure_address(const provider::EndpointSpec& endpoint);

// `path` ("/chat/completions") below the endpoint's base URL, with its deployment and api-version where it has an
// api_version; else `path` alone.
std::string azure_path(const provider::EndpointSpec& endpoint, std::string_view path);

}  // namespace sluice::codec
