// generateContent and streamGenerateContent, of Gemini's API and of Vertex AI (docs/providers.md,
// Gemini).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/json.h"
#include "wire/calls.h"
#include "wire/google.h"
#include "wire/media.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 2> kGeminiPaths = {"/v1beta/models/{}:generateContent",
                                                          "/v1/models/{}:generateContent"};
constexpr std::array<std::string_view, 2> kGeminiStreamPaths = {
    "/v1beta/models/{}:streamGenerateContent", "/v1/models/{}:streamGenerateContent"};
// The last two take an API key in place of a project.
constexpr std::array<std::string_view, 4> kVertexPaths = {
    "/v1/projects/{}/locations/{}/publishers/google/models/{}:generateContent",
    "/v1beta1/projects/{}/locations/{}/publishers/google/models/{}:generateContent",
    "/v1/publishers/google/models/{}:generateContent",
    "/v1beta1/publishers/google/models/{}:generateContent"};
constexpr std::array<std::string_view, 2> kVertexStreamPaths = {
    "/v1/projects/{}/locations/{}/publishers/google/models/{}:streamGenerateContent",
    "/v1beta1/projects/{}/locations/{}/publishers/google/models/{}:streamGenerateContent"};

constexpr std::array kThinkingFields = {Field{.name = "includeThoughts", .kinds = kBoolean},
                                        Field{.name = "thinkingBudget", .kinds = kInteger},
                                        Field{.name = "thinkingLevel", .kinds = kString}};
const Fields kThinking = {.list = kThinkingFields, .snake = true};

constexpr std::array kConfigFields = {
    Field{.name = "maxOutputTokens", .kinds = kInteger, .least = 1},
    Field{.name = "temperature", .kinds = kNumber, .least = 0, .most = 2},
    Field{.name = "topP", .kinds = kNumber, .least = 0, .most = 1},
    Field{.name = "topK", .kinds = kNumber, .least = 0},
    Field{.name = "seed", .kinds = kInteger},
    Field{.name = "candidateCount", .kinds = kInteger, .least = 1, .most = 1},
    Field{.name = "stopSequences", .kinds = kArray, .most = 5},
    Field{.name = "responseMimeType",
          .kinds = kString,
          .choices = "text/plain|application/json|text/x.enum"},
    Field{.name = "responseSchema", .kinds = kObject},
    Field{.name = "responseJsonSchema", .kinds = kObject},
    Field{.name = "thinkingConfig", .kinds = kObject, .inside = &kThinking},
    Field{.name = "presencePenalty", .kinds = kNumber},
    Field{.name = "frequencyPenalty", .kinds = kNumber},
    Field{.name = "responseLogprobs", .kinds = kBoolean},
    Field{.name = "logprobs", .kinds = kInteger},
    Field{.name = "responseModalities", .kinds = kArray},
    Field{.name = "mediaResolution", .kinds = kString},
    Field{.name = "speechConfig", .kinds = kObject},
    Field{.name = "imageConfig", .kinds = kObject},
    Field{.name = "audioTimestamp", .kinds = kBoolean},
    Field{.name = "routingConfig", .kinds = kObject},
    Field{.name = "modelConfig", .kinds = kObject},
    Field{.name = "enableEnhancedCivicAnswers", .kinds = kBoolean}};
const Fields kConfig = {.list = kConfigFields, .snake = true};

constexpr std::array kGenerateFields = {
    Field{.name = "contents",
          .kinds = kArray,
          .required = true,
          .inside = &kGoogleContent,
          .least = 1},
    Field{.name = "systemInstruction", .kinds = kObject, .inside = &kGoogleContent},
    Field{.name = "generationConfig", .kinds = kObject, .inside = &kConfig},
    Field{.name = "serviceTier", .kinds = kString, .choices = "unspecified|flex|standard|priority"},
    Field{.name = "safetySettings", .kinds = kArray},
    Field{.name = "tools", .kinds = kArray},
    Field{.name = "toolConfig", .kinds = kObject},
    Field{.name = "cachedContent", .kinds = kString},
    Field{.name = "labels", .kinds = kObject},
    Field{.name = "modelArmorConfig", .kinds = kObject},
    Field{.name = "model", .kinds = kString},
    Field{.name = "store", .kinds = kBoolean}};
const Fields kGenerate = {.list = kGenerateFields, .snake = true};

// The schema, of either kind.
std::expected<std::string, Refusal> schema_of(const Element& config) {
  const auto schema = google_member(config, "responseSchema");
  const auto json_schema = google_member(config, "responseJsonSchema");
  if (!schema && !json_schema) return std::string();
  if (schema && json_schema) {
    return bad_request(
        "Only one of 'generation_config.response_schema' and "
        "'generation_config.response_json_schema' may be set.");
  }
  if (google_text(config, "responseMimeType") != "application/json") {
    return bad_request(
        "Invalid value at 'generation_config.response_mime_type': a response schema needs "
        "\"application/json\".");
  }
  if (schema) return json_schema_of(*schema, "generation_config.response_schema");
  return simdjson::minify(*json_schema);
}

std::expected<Asked, Refusal> read_generate(const Request& request) {
  const Element& body = request.body;
  Asked asked;
  asked.model = request.in_path.back();
  asked.tier = google_text(body, "serviceTier");
  if (const auto system = google_member(body, "systemInstruction"))
    asked.system = google_content(*system);
  std::size_t bytes = asked.system.size();
  simdjson::dom::array contents;
  if (body["contents"].get(contents) != simdjson::SUCCESS) return asked;
  for (const Element content : contents) {
    std::string text = google_content(content);
    bytes += text.size();
    if (text_at(content, "role") == "model") {
      asked.system += text;
    } else {
      asked.user = std::move(text);
      if (auto taken = google_media(content, asked); !taken)
        return std::unexpected(std::move(taken.error()));
    }
  }
  asked.prompt_tokens += tokens_of(bytes);
  asked.user.insert(0, media_text(asked));
  const auto config = google_member(body, "generationConfig");
  if (!config) return asked;
  if (const auto most = google_member(*config, "maxOutputTokens")) {
    std::uint64_t count = 0;
    if (most->get(count) == simdjson::SUCCESS) asked.max_output_tokens = count;
  }
  if (const auto thinking = google_member(*config, "thinkingConfig")) {
    bool include = false;
    const auto flag = google_member(*thinking, "includeThoughts");
    asked.thoughts = flag && flag->get(include) == simdjson::SUCCESS && include;
  }
  auto schema = schema_of(*config);
  if (!schema) return std::unexpected(std::move(schema.error()));
  asked.schema = std::move(*schema);
  return asked;
}

std::expected<Asked, Refusal> read_streamed(const Request& request) {
  auto asked = read_generate(request);
  if (asked) {
    asked->stream = true;
    asked->events = query_value(request.http.target, "alt") == "sse";
  }
  return asked;
}

// Vertex says how a request was sold.
std::string_view traffic_type(std::string_view tier) {
  if (tier == "flex") return "ON_DEMAND_FLEX";
  return tier == "priority" ? "ON_DEMAND_PRIORITY" : "ON_DEMAND";
}

// Thoughts stand beside the candidates' tokens; cached ones are part of the prompt's.
void write_usage_metadata(core::JsonWriter& w, const Answer& answer, bool vertex) {
  w.open('{');
  w.field("promptTokenCount", answer.input);
  w.field("candidatesTokenCount", answer.output - answer.reasoning);
  if (answer.reasoning > 0) w.field("thoughtsTokenCount", answer.reasoning);
  if (answer.cached > 0) w.field("cachedContentTokenCount", answer.cached);
  w.field("totalTokenCount", answer.input + answer.output);
  if (vertex) w.field("trafficType", traffic_type(answer.tier));
  w.close('}');
}

// `text`: this piece of it; `last`: with what ends the answer.
std::string content_response(const Asked& asked, const Answer& answer, std::string_view text,
                             bool first, bool last, bool vertex) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.key("candidates");
  w.open('[');
  w.open('{');
  if (answer.refusal.empty()) {
    const bool thoughts = first && asked.thoughts && answer.reasoning > 0;
    w.key("content");
    w.open('{');
    if (thoughts || !text.empty() || !answer.cut) {
      w.key("parts");
      w.open('[');
      if (thoughts) w.raw(R"({"text":"I compare the words.","thought":true})");
      if (!text.empty() || !answer.cut) {
        w.open('{');
        w.field("text", text);
        w.close('}');
      }
      w.close(']');
    }
    w.field("role", "model");
    w.close('}');
  }
  if (last) {
    w.field("finishReason", !answer.refusal.empty() ? "SAFETY"
                            : answer.cut            ? "MAX_TOKENS"
                                                    : "STOP");
  }
  w.field("index", 0);
  w.close('}');
  w.close(']');
  if (last) {
    w.key("usageMetadata");
    write_usage_metadata(w, answer, vertex);
  }
  w.field("modelVersion", answer.model);
  w.field("responseId", fmt::format("{:016x}", answer.id));
  w.close('}');
  return out;
}

void write_google(const Asked& asked, const Answer& answer, http::ServerResponse& response,
                  bool vertex) {
  if (!vertex) response.headers.emplace_back("x-gemini-service-tier", answer.tier);
  if (!asked.stream) {
    response.body = content_response(asked, answer, answer.text, true, true, vertex);
    return;
  }
  std::vector<std::string_view> pieces = pieces_of(answer.text);
  if (pieces.empty()) pieces.emplace_back();
  if (asked.events) response.content_type = "text/event-stream";
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string part =
        content_response(asked, answer, pieces[i], i == 0, i + 1 == pieces.size(), vertex);
    if (asked.events) {
      append_event(response.body, "", part);
    } else {
      response.body += (i == 0 ? "[" : ",\n") + part;
    }
  }
  if (!asked.events) response.body += "]";
}

void write_gemini(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  write_google(asked, answer, response, false);
}

void write_vertex(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  write_google(asked, answer, response, true);
}

}  // namespace

const Wire kGeminiGenerate = {.name = "gemini generateContent",
                              .paths = kGeminiPaths,
                              .service = kGemini,
                              .fields = &kGenerate,
                              .read = read_generate,
                              .write = write_gemini};

const Wire kGeminiStream = {.name = "gemini streamGenerateContent",
                            .paths = kGeminiStreamPaths,
                            .service = kGemini,
                            .fields = &kGenerate,
                            .read = read_streamed,
                            .write = write_gemini};

const Wire kVertexGenerate = {.name = "vertex generateContent",
                              .paths = kVertexPaths,
                              .service = kVertex,
                              .fields = &kGenerate,
                              .read = read_generate,
                              .write = write_vertex};

const Wire kVertexStream = {.name = "vertex streamGenerateContent",
                            .paths = kVertexStreamPaths,
                            .service = kVertex,
                            .fields = &kGenerate,
                            .read = read_streamed,
                            .write = write_vertex};

}  // namespace sluice::wire
