#include "codec/azure.h"

#include <fmt/format.h>

#include <algorithm>

#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "2024-10-21", "2025-04-01-preview".
bool is_date(std::string_view version) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (version.size() < kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? !is_digit(version[i]) : version[i] != '-') return false;
  return true;
}

core::Result<std::string> wrong(std::string message, std::string hint) {
  return core::fail(core::ErrorCode::pipeline, std::move(message), std::move(hint));
}

}  // namespace

core::Result<std::string> azure_address(const EndpointSpec& endpoint) {
  const bool dated = is_date(endpoint.api_version);
  if (!endpoint.key.empty() && !endpoint.credentials.empty())
    return wrong("azure is given a key and credentials", "one of the two is enough");
  if (!endpoint.base_url.empty()) {
    if (!endpoint.resource.empty())
      return wrong("azure is given a resource and a base_url", "one of the two is enough");
    if (dated && endpoint.base_url.ends_with("/v1"))
      return wrong("the address ends with /v1, where no api_version is a date",
                   "leave api_version out, or take /v1 off base_url");
    return endpoint.base_url;
  }
  const std::string& resource = endpoint.resource;
  if (resource.empty())
    return wrong("missing option 'resource' for azure",
                 "add resource = \"my-resource\" for https://my-resource.openai.azure.com, or the "
                 "whole address as base_url");
  // It becomes a part of the host's name.
  if (!std::ranges::all_of(resource, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-';
      }))
    return wrong(fmt::format("'{}' is not the name of a resource", resource),
                 "the first word of https://my-resource.openai.azure.com");
  return fmt::format("https://{}.openai.azure.com/openai{}", resource, dated ? "" : "/v1");
}

std::string azure_path(const EndpointSpec& endpoint, std::string_view path) {
  const std::string& version = endpoint.api_version;
  if (version.empty()) return std::string(path);
  const std::string query = "?api-version=" + segment_text(version);
  if (!is_date(version)) return std::string(path) + query;
  return fmt::format("{}/deployments/{}{}{}",
                     endpoint.base_url.ends_with("/openai") ? "" : "/openai",
                     segment_text(endpoint.model), path, query);
}

}  // namespace sluice::codec
