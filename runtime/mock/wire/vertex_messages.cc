// Claude at Vertex AI: rawPredict and streamRawPredict (docs/providers.md, Vertex AI).
#include <fmt/format.h>

#include <array>

#include "wire/anthropic.h"
#include "wire/calls.h"
#include "wire/date.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 4> kRawPredictPaths = {
    "/v1/projects/{}/locations/{}/publishers/anthropic/models/{}:rawPredict",
    "/v1/projects/{}/locations/{}/publishers/anthropic/models/{}:streamRawPredict",
    "/v1beta1/projects/{}/locations/{}/publishers/anthropic/models/{}:rawPredict",
    "/v1beta1/projects/{}/locations/{}/publishers/anthropic/models/{}:streamRawPredict"};

// What the model says is in Anthropic's words, what is said in front of it in Google's.
http::ServerResponse vertex_claude_refuse(const Refusal& refusal) {
  const bool by_model = refusal.why == Why::bad_request || refusal.why == Why::capacity ||
                        refusal.why == Why::server_error;
  return by_model ? kAnthropic.refuse(refusal) : kVertex.refuse(refusal);
}

Credential vertex_claude_credential(const http::ServerRequest& request) {
  return kVertex.credential(request);
}

std::string_view untold_tier(std::string_view) {
  return {};
}

const Service kVertexClaude = {.name = "vertex claude",
                               .refuse = vertex_claude_refuse,
                               .credential = vertex_claude_credential,
                               .tier = untold_tier};

// "vertex-2023-10-16" by its pages; Anthropic's newer client sends the date of its own API alone.
std::expected<Asked, Refusal> read_vertex_messages(const Request& request) {
  constexpr std::string_view kPrefix = "vertex-";
  const std::string_view version = text_at(request.body, "anthropic_version");
  const bool prefixed = version.starts_with(kPrefix);
  if (!is_date(prefixed ? version.substr(kPrefix.size()) : version)) {
    return bad_request(fmt::format("anthropic_version: \"{}\" is not a valid version", version));
  }
  return read_messages_of(request.body, request.in_path.back());
}

}  // namespace

const Wire kVertexRawPredict = {.name = "vertex rawPredict",
                                .paths = kRawPredictPaths,
                                .service = kVertexClaude,
                                .fields = &kVertexMessages,
                                .read = read_vertex_messages,
                                .write = write_messages};

}  // namespace sluice::wire
