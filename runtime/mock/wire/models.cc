// The lists of models that clients ask for. The mock answers under any name; the list has one or
// two of each provider's.
#include <fmt/format.h>

#include <array>

#include "core/json.h"
#include "wire/calls.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 4> kModelsPaths = {
    "/v1/models", "/v1/models/{}", "/openai/v1/models", "/openai/v1/models/{}"};
constexpr std::array<std::string_view, 2> kAnthropicModelsPaths = {"/v1/models", "/v1/models/{}"};
constexpr std::array<std::string_view, 4> kGeminiModelsPaths = {
    "/v1beta/models", "/v1beta/models/{}", "/v1/models", "/v1/models/{}"};

constexpr std::array<std::string_view, 2> kOpenAiNames = {"gpt-5.4-mini", "text-embedding-3-small"};
constexpr std::array<std::string_view, 1> kAnthropicNames = {"claude-haiku-4-5"};
constexpr std::array<std::string_view, 2> kGeminiNames = {"gemini-2.5-flash",
                                                          "gemini-embedding-001"};

// "gemini-x:generateContent" is a call, not a model.
bool is_model(const Request& request) {
  return request.in_path.empty() || request.in_path.front().find(':') == std::string::npos;
}

bool is_anthropic(const Request& request) {
  return is_model(request) && request.http.headers.find("anthropic-version").has_value();
}

bool is_gemini(const Request& request) {
  return is_model(request) && (request.http.target.starts_with("/v1beta/") ||
                               request.http.headers.find("x-goog-api-key").has_value());
}

// The one model that is asked about, or none: then the list is.
std::expected<Asked, Refusal> read_models(const Request& request) {
  Asked asked;
  if (!request.in_path.empty()) asked.model = request.in_path.front();
  return asked;
}

void write_openai_model(core::JsonWriter& w, std::string_view name) {
  w.open('{');
  w.field("id", name);
  w.field("object", "model");
  w.field("created", 1'760'000'000);
  w.field("owned_by", "sluice-mock");
  w.close('}');
}

void write_openai_models(const Asked& asked, const Answer&, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (!asked.model.empty()) return write_openai_model(w, asked.model);
  w.open('{');
  w.field("object", "list");
  w.key("data");
  w.open('[');
  for (const std::string_view name : kOpenAiNames) write_openai_model(w, name);
  w.close(']');
  w.close('}');
}

void write_anthropic_model(core::JsonWriter& w, std::string_view name) {
  w.open('{');
  w.field("type", "model");
  w.field("id", name);
  w.field("display_name", name);
  w.field("created_at", "2025-10-01T00:00:00Z");
  w.field("lifecycle", "active");
  w.close('}');
}

void write_anthropic_models(const Asked& asked, const Answer&, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (!asked.model.empty()) return write_anthropic_model(w, asked.model);
  w.open('{');
  w.key("data");
  w.open('[');
  for (const std::string_view name : kAnthropicNames) write_anthropic_model(w, name);
  w.close(']');
  w.field("has_more", false);
  w.field("first_id", kAnthropicNames.front());
  w.field("last_id", kAnthropicNames.back());
  w.close('}');
}

void write_gemini_model(core::JsonWriter& w, std::string_view name) {
  w.open('{');
  w.field("name", fmt::format("models/{}", name));
  w.field("version", "001");
  w.field("displayName", name);
  w.field("inputTokenLimit", 1'048'576);
  w.field("outputTokenLimit", 65'536);
  w.key("supportedGenerationMethods");
  w.raw(R"(["generateContent","embedContent"])");
  w.close('}');
}

void write_gemini_models(const Asked& asked, const Answer&, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  if (!asked.model.empty()) return write_gemini_model(w, asked.model);
  w.open('{');
  w.key("models");
  w.open('[');
  for (const std::string_view name : kGeminiNames) write_gemini_model(w, name);
  w.close(']');
  w.close('}');
}

}  // namespace

const Wire kAnthropicModels = {.name = "anthropic models",
                               .method = "GET",
                               .paths = kAnthropicModelsPaths,
                               .service = kAnthropic,
                               .task = Task::models,
                               .takes = is_anthropic,
                               .read = read_models,
                               .write = write_anthropic_models};

const Wire kGeminiModels = {.name = "gemini models",
                            .method = "GET",
                            .paths = kGeminiModelsPaths,
                            .service = kGemini,
                            .task = Task::models,
                            .takes = is_gemini,
                            .read = read_models,
                            .write = write_gemini_models};

const Wire kOpenAiModels = {.name = "openai models",
                            .method = "GET",
                            .paths = kModelsPaths,
                            .service = kOpenAi,
                            .task = Task::models,
                            .takes = is_model,
                            .read = read_models,
                            .write = write_openai_models};

}  // namespace sluice::wire
