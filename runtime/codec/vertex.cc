#include "codec/vertex.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/price_rows.h"
#include "codec/shared_rows.h"
#include "provider/url_text.h"

namespace sluice::codec {

using namespace provider;  // a codec is written in its words
using namespace shared_rows;

namespace {

constexpr std::string_view kEverywhere = "global";

std::string_view location_of(const EndpointSpec& endpoint) {
  return endpoint.region.empty() ? kEverywhere : std::string_view(endpoint.region);
}

std::string host_of(std::string_view location) {
  if (location == kEverywhere) return "aiplatform.googleapis.com";
  // Several regions of a continent together.
  if (location == "us" || location == "eu")
    return fmt::format("aiplatform.{}.rep.googleapis.com", location);
  return fmt::format("{}-aiplatform.googleapis.com", location);
}

core::Result<std::string> wrong(std::string message, std::string hint) {
  return core::fail(core::ErrorCode::pipeline, std::move(message), std::move(hint));
}

core::Result<std::string> address(const EndpointSpec& endpoint) {
  if (!endpoint.key.empty() && !endpoint.credentials.empty())
    return wrong("vertex is given a key and credentials", "one of the two is enough");
  const std::string_view location = location_of(endpoint);
  // It becomes a part of the host's name.
  if (!std::ranges::all_of(location, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      }))
    return wrong(fmt::format("'{}' is not the name of a region", location),
                 "for example region = \"us-east1\", or \"global\"");
  if (endpoint.project.empty() && endpoint.key.empty())
    return wrong("missing option 'project' for vertex",
                 "add project = \"my-project\", the project that is billed; only an API key does "
                 "without");
  if (endpoint.project.empty() && location != kEverywhere)
    return wrong("without a project Vertex has its global address alone",
                 "add project = \"my-project\", or leave region out");
  return fmt::format("https://{}/v1", host_of(location));
}

constexpr std::string_view kOptions[] = {"region", "regions", "project", "credentials"};

constexpr std::array kServices = {
    // It has no hosts here: s.gemini at one of Google's means the other service.
    Profile{.name = "vertex",
            .title = "Vertex AI",
            .base_url = "https://aiplatform.googleapis.com/v1",
            .address = address,
            .options = kOptions,
            .example_model = "gemini-2.5-flash",
            .example_options = "project = \"my-project\", region = \"us-east1\", "
                               "credentials = s.secret \"GOOGLE_KEY_FILE\"",
            .default_region = kEverywhere,
            .key_variable = "VERTEX_API_KEY",
            .auth = AuthScheme::google,
            .schema = SchemaKeywords::no_text_limits,
            .errors = kGoogleErrors,
            .models = price_rows::kGoogle},
};

}  // namespace

std::span<const Profile> vertex_services() {
  return kServices;
}

std::string vertex_path(const EndpointSpec& endpoint) {
  // A name with a folder ("endpoints/123", "publishers/meta/models/…") stands below the location as it is.
  const std::string model = (endpoint.model.contains('/') ? "/" : "/publishers/google/models/") +
                            path_text(endpoint.model) + ":generateContent";
  if (endpoint.project.empty()) return model;  // the API key stands for its project
  return fmt::format("/projects/{}/locations/{}{}", segment_text(endpoint.project),
                     segment_text(location_of(endpoint)), model);
}

}  // namespace sluice::codec
