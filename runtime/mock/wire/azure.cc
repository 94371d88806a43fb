// Azure OpenAI: OpenAI's calls at other paths, with other headers (docs/providers.md, Azure).
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "wire/calls.h"
#include "wire/date.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 1> kDeploymentChatPaths = {
    "/openai/deployments/{}/chat/completions"};
constexpr std::array<std::string_view, 1> kDeploymentEmbeddingsPaths = {
    "/openai/deployments/{}/embeddings"};
constexpr std::array<std::string_view, 1> kV1ChatPaths = {"/openai/v1/chat/completions"};
constexpr std::array<std::string_view, 1> kV1EmbeddingsPaths = {"/openai/v1/embeddings"};

http::ServerResponse azure_refuse(const Refusal& refusal) {
  if (refusal.why == Why::bad_key || refusal.why == Why::expired_token) {
    return json_response(
        401, openai_error("Access denied due to invalid subscription key or wrong API endpoint. "
                          "Make sure to provide a valid key for an active subscription and use a "
                          "correct regional API endpoint for your resource.",
                          "", "", "401"));
  }
  if (refusal.why == Why::rate_limit && !refusal.never) {
    auto response = kOpenAi.refuse(refusal);
    response.body = openai_error(
        fmt::format("Requests to the ChatCompletions_Create Operation have exceeded call rate "
                    "limit of your current pricing tier. Please retry after {} seconds.",
                    std::chrono::ceil<std::chrono::seconds>(refusal.wait).count()),
        "", "", "429");
    return response;
  }
  return kOpenAi.refuse(refusal);
}

// Whole seconds until a reset of tokens, and none of requests.
void azure_limits(const simulate::Limiter::Levels& levels, core::WallTime, Headers& headers) {
  const auto append = [&](const std::optional<simulate::Limiter::Level>& level, const char* kind) {
    if (!level) return;
    headers.emplace_back(fmt::format("x-ratelimit-limit-{}", kind),
                         fmt::format("{:.0f}", level->limit));
    headers.emplace_back(fmt::format("x-ratelimit-remaining-{}", kind),
                         fmt::format("{:.0f}", std::floor(level->remaining)));
  };
  append(levels.requests, "requests");
  append(levels.tokens, "tokens");
  if (!levels.tokens) return;
  headers.emplace_back(
      "x-ratelimit-reset-tokens",
      std::to_string(std::chrono::ceil<std::chrono::seconds>(levels.tokens->reset).count()));
}

Credential azure_credential(const http::ServerRequest& request) {
  if (const auto key = request.headers.find("api-key")) return {Credential::Kind::key, *key};
  return authorization(request);
}

// "2024-10-21", "2025-04-01-preview".
bool is_version(std::string_view text) {
  constexpr std::string_view kPreview = "-preview";
  if (text.ends_with(kPreview)) text.remove_suffix(kPreview.size());
  return is_date(text);
}

// The deployment stands in the path, and the version of the API is required.
std::expected<Asked, Refusal> as_deployment(const Request& request,
                                            std::expected<Asked, Refusal> asked) {
  const auto version = query_value(request.http.target, "api-version");
  if (!version || !is_version(*version)) {
    return bad_request(
        "The query parameter 'api-version' is missing or not supported: a date is wanted, as in "
        "?api-version=2024-10-21.",
        "api-version", "BadRequest");
  }
  return asked;
}

std::expected<Asked, Refusal> read_deployment_chat(const Request& request) {
  return as_deployment(request, read_chat(request));
}

std::expected<Asked, Refusal> read_deployment_embeddings(const Request& request) {
  return as_deployment(request, read_embeddings(request));
}

// Groq has the same path, and OpenAI's clients may be pointed at it; Azure's own key or version
// tells it apart.
bool is_azure(const Request& request) {
  return request.http.headers.find("api-key").has_value() ||
         query_value(request.http.target, "api-version").has_value();
}

}  // namespace

const Service kAzure = {.name = "azure",
                        .refuse = azure_refuse,
                        .limits = azure_limits,
                        .credential = azure_credential,
                        .tier = [](std::string_view asked) { return kOpenAi.tier(asked); }};

const Wire kAzureDeploymentChat = {.name = "azure chat, by deployment",
                                   .paths = kDeploymentChatPaths,
                                   .service = kAzure,
                                   .fields = &kDeploymentChatFields,
                                   .read = read_deployment_chat,
                                   .write = write_chat};

const Wire kAzureDeploymentEmbeddings = {.name = "azure embeddings, by deployment",
                                         .paths = kDeploymentEmbeddingsPaths,
                                         .service = kAzure,
                                         .task = Task::vectors,
                                         .fields = &kDeploymentEmbeddingsFields,
                                         .read = read_deployment_embeddings,
                                         .write = write_embeddings};

const Wire kAzureChat = {.name = "azure chat",
                         .paths = kV1ChatPaths,
                         .service = kAzure,
                         .fields = &kChatFields,
                         .takes = is_azure,
                         .read = read_chat,
                         .write = write_chat};

const Wire kAzureEmbeddings = {.name = "azure embeddings",
                               .paths = kV1EmbeddingsPaths,
                               .service = kAzure,
                               .task = Task::vectors,
                               .fields = &kEmbeddingsFields,
                               .takes = is_azure,
                               .read = read_embeddings,
                               .write = write_embeddings};

}  // namespace sluice::wire
