// embedContent and batchEmbedContents of Gemini's API, predict of Vertex AI (docs/providers.md,
// Embeddings).
#include <fmt/format.h>

#include <array>

#include "core/json.h"
#include "wire/calls.h"
#include "wire/embedding_models.h"
#include "wire/google.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 2> kEmbedPaths = {"/v1beta/models/{}:embedContent",
                                                         "/v1/models/{}:embedContent"};
constexpr std::array<std::string_view, 2> kBatchEmbedPaths = {
    "/v1beta/models/{}:batchEmbedContents", "/v1/models/{}:batchEmbedContents"};
constexpr std::array<std::string_view, 2> kPredictPaths = {
    "/v1/projects/{}/locations/{}/publishers/google/models/{}:predict",
    "/v1beta1/projects/{}/locations/{}/publishers/google/models/{}:predict"};

constexpr std::array kEmbedFields = {
    Field{.name = "model", .kinds = kString},
    Field{.name = "content", .kinds = kObject, .required = true, .inside = &kGoogleContent},
    Field{.name = "taskType", .kinds = kString},
    Field{.name = "title", .kinds = kString},
    Field{.name = "outputDimensionality", .kinds = kInteger, .least = 1, .most = 65'536},
    Field{.name = "autoTruncate", .kinds = kBoolean}};
const Fields kEmbed = {.list = kEmbedFields, .snake = true};

constexpr std::array kBatchEmbedFields = {Field{.name = "requests",
                                                .kinds = kArray,
                                                .required = true,
                                                .inside = &kEmbed,
                                                .least = 1,
                                                .most = 100}};
const Fields kBatchEmbed = {.list = kBatchEmbedFields, .snake = true};

constexpr std::array kInstanceFields = {
    Field{.name = "content", .kinds = kString, .required = true},
    Field{.name = "task_type", .kinds = kString}, Field{.name = "taskType", .kinds = kString},
    Field{.name = "title", .kinds = kString}, Field{.name = "mimeType", .kinds = kString}};
const Fields kInstance = {.list = kInstanceFields};
constexpr std::array kParameterFields = {
    Field{.name = "outputDimensionality", .kinds = kInteger, .least = 1, .most = 65'536},
    Field{.name = "autoTruncate", .kinds = kBoolean}};
const Fields kParameters = {.list = kParameterFields};
constexpr std::array kPredictFields = {
    Field{.name = "instances",
          .kinds = kArray,
          .required = true,
          .inside = &kInstance,
          .least = 1,
          .most = 250},
    Field{.name = "parameters", .kinds = kObject, .inside = &kParameters}};
const Fields kPredict = {.list = kPredictFields};

void take_dimensions(const Element& object, Asked& asked) {
  const auto dimensions = google_member(object, "outputDimensionality");
  std::uint64_t count = 0;
  if (dimensions && dimensions->get(count) == simdjson::SUCCESS)
    asked.dimensions = static_cast<std::uint32_t>(count);
}

Asked asked_of(const Request& request) {
  Asked asked;
  asked.model = request.in_path.back();
  asked.dimensions = embedding_model(asked.model).dimensions;
  return asked;
}

void take_input(std::string text, Asked& asked) {
  asked.prompt_tokens += tokens_of(text.size());
  asked.inputs.push_back(std::move(text));
}

std::expected<Asked, Refusal> read_embed(const Request& request) {
  Asked asked = asked_of(request);
  take_dimensions(request.body, asked);
  take_input(google_content(request.body["content"].value_unsafe()), asked);
  if (asked.inputs.back().empty()) return bad_request("* content: is empty\n");
  return asked;
}

std::expected<Asked, Refusal> read_batch_embed(const Request& request) {
  Asked asked = asked_of(request);
  const std::string name = "models/" + asked.model;
  simdjson::dom::array requests;
  if (request.body["requests"].get(requests) != simdjson::SUCCESS) return asked;
  for (const Element one : requests) {
    if (text_at(one, "model") != name) {
      return bad_request(fmt::format(
          "* BatchEmbedContentsRequest.requests[{}].model: must be the model of the URL, {}\n",
          asked.inputs.size(), name));
    }
    take_dimensions(one, asked);
    take_input(google_content(one["content"].value_unsafe()), asked);
    if (asked.inputs.back().empty()) return bad_request("* content: is empty\n");
  }
  return asked;
}

std::expected<Asked, Refusal> read_predict(const Request& request) {
  Asked asked = asked_of(request);
  Element parameters;
  if (request.body["parameters"].get(parameters) == simdjson::SUCCESS)
    take_dimensions(parameters, asked);
  simdjson::dom::array instances;
  if (request.body["instances"].get(instances) != simdjson::SUCCESS) return asked;
  for (const Element one : instances) {
    if (text_at(one, "content").empty())
      return bad_request(fmt::format("instances[{}].content: is empty", asked.inputs.size()));
    take_input(std::string(text_at(one, "content")), asked);
  }
  return asked;
}

void write_values(core::JsonWriter& w, const std::vector<float>& vector) {
  w.open('{');
  w.key("values");
  write_numbers(w, vector);
  w.close('}');
}

void write_embed_usage(core::JsonWriter& w, const Answer& answer) {
  w.key("usageMetadata");
  w.raw(fmt::format(R"({{"promptTokenCount":{0},"totalTokenCount":{0}}})", answer.input));
}

void write_embed(const Asked&, const Answer& answer, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  w.open('{');
  w.key("embedding");
  write_values(w, answer.vectors.front());
  write_embed_usage(w, answer);
  w.close('}');
}

void write_batch_embed(const Asked&, const Answer& answer, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  w.open('{');
  w.key("embeddings");
  w.open('[');
  for (const std::vector<float>& vector : answer.vectors) write_values(w, vector);
  w.close(']');
  write_embed_usage(w, answer);
  w.close('}');
}

void write_predict(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  core::JsonWriter w(response.body);
  std::size_t bytes = 0;
  w.open('{');
  w.key("predictions");
  w.open('[');
  for (std::size_t i = 0; i < answer.vectors.size(); ++i) {
    bytes += asked.inputs[i].size();
    w.open('{');
    w.key("embeddings");
    w.open('{');
    w.key("values");
    write_numbers(w, answer.vectors[i]);
    w.key("statistics");
    w.raw(fmt::format(R"({{"truncated":false,"token_count":{}}})",
                      tokens_of(asked.inputs[i].size())));
    w.close('}');
    w.close('}');
  }
  w.close(']');
  w.key("metadata");
  w.raw(fmt::format(R"({{"billableCharacterCount":{}}})", bytes));
  w.close('}');
}

}  // namespace

const Wire kGeminiEmbed = {.name = "gemini embedContent",
                           .paths = kEmbedPaths,
                           .service = kGemini,
                           .task = Task::vectors,
                           .fields = &kEmbed,
                           .read = read_embed,
                           .write = write_embed};

const Wire kGeminiBatchEmbed = {.name = "gemini batchEmbedContents",
                                .paths = kBatchEmbedPaths,
                                .service = kGemini,
                                .task = Task::vectors,
                                .fields = &kBatchEmbed,
                                .read = read_batch_embed,
                                .write = write_batch_embed};

const Wire kVertexPredict = {.name = "vertex predict",
                             .paths = kPredictPaths,
                             .service = kVertex,
                             .task = Task::vectors,
                             .fields = &kPredict,
                             .read = read_predict,
                             .write = write_predict};

}  // namespace sluice::wire
