#include "codec/vertex.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/price_rows.h"
#include "codec/shared_rows.h"
#include "codec/vertex_batch.h"
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

// As the vendors' clients write it: the "@" in front of a version stands as it is.
std::string model_text(std::string_view model) {
  constexpr std::string_view kAt = "%40";
  std::string text = path_text(model);
  for (auto at = text.find(kAt); at != text.npos; at = text.find(kAt, at))
    text.replace(at, kAt.size(), "@");
  return text;
}

bool is_claude(std::string_view model) {
  return model.starts_with("claude") || model.starts_with("publishers/anthropic/");
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
  const bool claude = is_claude(endpoint.model);
  if (!claude && endpoint.cache_writes != core::CacheWrites::none)
    return wrong("cache is for Claude alone at vertex", "leave it out: Gemini caches by itself");
  if (claude && endpoint.project.empty())
    return wrong("missing option 'project' for Claude at vertex",
                 "add project = \"my-project\", the project that is billed");
  if (endpoint.project.empty() && endpoint.key.empty())
    return wrong("missing option 'project' for vertex",
                 "add project = \"my-project\", the project that is billed; only an API key does "
                 "without");
  if (endpoint.project.empty() && location != kEverywhere)
    return wrong("without a project Vertex has its global address alone",
                 "add project = \"my-project\", or leave region out");
  if (endpoint.batch)
    if (const auto fits = check_vertex_batch(endpoint); !fits) return std::unexpected(fits.error());
  return fmt::format("https://{}/v1", host_of(location));
}

template <std::size_t A, std::size_t B>
constexpr std::array<ErrorRule, A + B> joined(const std::array<ErrorRule, A>& a,
                                              const std::array<ErrorRule, B>& b) {
  std::array<ErrorRule, A + B> both;
  std::ranges::copy(b, std::ranges::copy(a, both.begin()).out);
  return both;
}

constexpr ErrorRule kOwnErrors[] = {
    // A model of another vendor is used after its terms are accepted, in Model Garden.
    {Kind::access, 400, 400, "", "is not allowed to use publisher model", false, Action::stop,
     Cause::forbidden},
};
constexpr auto kErrors = joined(std::to_array(kOwnErrors), std::to_array(kGoogleErrors));

constexpr std::string_view kOptions[] = {"region",      "regions", "project",
                                         "credentials", "cache",   "batch_bucket"};

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
            .errors = kErrors,
            .batch = &kVertexBatch,
            .models = price_rows::kGoogle},
};

// Errors of the model are Anthropic's, those of the service around it its own.
constexpr auto kClaudeErrors = joined(std::to_array(kAnthropicErrors), kErrors);

constexpr Profile kClaude = [] {
  Profile profile = kServices.front();
  profile.schema = SchemaKeywords::none;
  profile.usage = {.cached_beside_input = true};
  profile.errors = kClaudeErrors;
  profile.models = price_rows::kAnthropic;
  return profile;
}();

}  // namespace

std::span<const Profile> vertex_services() {
  return kServices;
}

bool is_claude_at_vertex(const EndpointSpec& endpoint) {
  const Profile* profile = endpoint.provider.profile;
  return profile != nullptr && profile->auth == AuthScheme::google && is_claude(endpoint.model);
}

const Profile& claude_at_vertex() {
  return kClaude;
}

bool is_claude_in_region(const EndpointSpec& endpoint) {
  return is_claude_at_vertex(endpoint) && location_of(endpoint) != kEverywhere;
}

std::string vertex_path(const EndpointSpec& endpoint) {
  const bool claude = is_claude(endpoint.model);
  // A name with a folder ("endpoints/123", "publishers/meta/models/…") stands below the location as it is.
  const std::string_view folder = endpoint.model.contains('/') ? "/"
                                  : claude                     ? "/publishers/anthropic/models/"
                                                               : "/publishers/google/models/";
  const std::string model = fmt::format("{}{}:{}", folder, model_text(endpoint.model),
                                        claude ? "rawPredict" : "generateContent");
  if (endpoint.project.empty()) return model;  // the API key stands for its project
  return fmt::format("/projects/{}/locations/{}{}", segment_text(endpoint.project),
                     segment_text(location_of(endpoint)), model);
}

}  // namespace sluice::codec
