// OpenAI's POST /v1/embeddings (docs/providers.md, Embeddings).
#include <fmt/format.h>

#include <array>

#include "core/json.h"
#include "wire/base64.h"
#include "wire/calls.h"
#include "wire/embedding_models.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 2> kEmbeddingsPaths = {"/v1/embeddings",
                                                              "/openai/v1/embeddings"};
constexpr std::uint64_t kMostTokensOfInput = 8192;
constexpr std::uint64_t kMostTokensOfRequest = 300'000;

constexpr std::array kFieldsOfEmbeddings = {
    Field{.name = "model", .kinds = kString, .required = true},
    Field{.name = "input", .kinds = kString | kArray, .required = true, .least = 1, .most = 2048},
    Field{.name = "dimensions", .kinds = kInteger, .least = 1, .most = 65'536},
    Field{.name = "encoding_format", .kinds = kString, .choices = "float|base64"},
    Field{.name = "user", .kinds = kString}};
// Servers' own.
constexpr std::array<std::string_view, 4> kEmbeddingsAlso = {"truncate_prompt_tokens", "priority",
                                                             "input_type", "request_id"};

// One input: a text, or a list of tokens, which is written out as words.
struct Input {
  std::string text;
  std::uint64_t tokens = 0;
};

std::optional<Input> input_of(const Element& value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return Input{std::string(text), tokens_of(text.size())};
  simdjson::dom::array numbers;
  if (value.get(numbers) != simdjson::SUCCESS) return std::nullopt;
  Input input;
  for (const Element number : numbers) {
    std::uint64_t token = 0;
    if (number.get(token) != simdjson::SUCCESS) return std::nullopt;
    input.text += fmt::format("{}token{}", input.text.empty() ? "" : " ", token);
    ++input.tokens;
  }
  return input;
}

std::expected<std::vector<Input>, Refusal> inputs_of(const Element& value) {
  std::vector<Input> inputs;
  simdjson::dom::array entries;
  std::uint64_t token = 0;
  const bool one = value.get(entries) != simdjson::SUCCESS ||
                   (entries.size() > 0 && entries.at(0).get(token) == simdjson::SUCCESS);
  const auto take = [&](const Element& entry) {
    auto input = input_of(entry);
    if (input) inputs.push_back(std::move(*input));
    return input.has_value();
  };
  bool fine = true;
  if (one) {
    fine = take(value);
  } else {
    for (const Element entry : entries) fine = fine && take(entry);
  }
  if (!fine) {
    return bad_request(
        "Invalid type for 'input': expected a string, a list of strings, of tokens, or of lists of "
        "tokens.",
        "input", "invalid_type");
  }
  return inputs;
}

std::optional<std::unexpected<Refusal>> limit_passed(const std::vector<Input>& inputs,
                                                     std::uint64_t sum) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].text.empty()) {
      return bad_request(fmt::format("Invalid 'input[{}]': input cannot be an empty string.", i),
                         "input");
    }
    if (inputs[i].tokens > kMostTokensOfInput) {
      return bad_request(
          fmt::format(
              "Invalid 'input[{}]': maximum context length is {} tokens, but this input has "
              "{}.",
              i, kMostTokensOfInput, inputs[i].tokens),
          "input", "context_length_exceeded");
    }
  }
  if (sum > kMostTokensOfRequest) {
    return bad_request(
        fmt::format("Requested {} tokens, max {} tokens per request", sum, kMostTokensOfRequest),
        "input", "max_tokens_per_request");
  }
  return std::nullopt;
}

}  // namespace

const Fields kEmbeddingsFields = {.list = kFieldsOfEmbeddings, .also = kEmbeddingsAlso};
const Fields kDeploymentEmbeddingsFields = {
    .list = kFieldsOfEmbeddings, .also = kEmbeddingsAlso, .optional = "model"};

std::expected<Asked, Refusal> read_embeddings(const Request& request) {
  const Element& body = request.body;
  Asked asked;
  asked.model = text_at(body, "model");
  if (asked.model.empty() && !request.in_path.empty()) asked.model = request.in_path.front();
  asked.base64 = text_at(body, "encoding_format") == "base64";
  auto inputs = inputs_of(body["input"].value_unsafe());
  if (!inputs) return std::unexpected(std::move(inputs.error()));
  for (const Input& input : *inputs) asked.prompt_tokens += input.tokens;
  if (auto passed = limit_passed(*inputs, asked.prompt_tokens)) return std::move(*passed);

  const EmbeddingModel& model = embedding_model(asked.model);
  asked.dimensions = model.dimensions;
  if (const auto dimensions = count_at(body, "dimensions")) {
    if (!model.shorter) {
      return bad_request("This model does not support specifying dimensions.", "dimensions");
    }
    if (!model.begins.empty() && *dimensions > model.dimensions) {
      return bad_request(
          fmt::format("Invalid value for 'dimensions': {}. Must be less than or equal to {}.",
                      *dimensions, model.dimensions),
          "dimensions");
    }
    asked.dimensions = static_cast<std::uint32_t>(*dimensions);
  }
  for (Input& input : *inputs) asked.inputs.push_back(std::move(input.text));
  return asked;
}

void write_embeddings(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  response.headers.emplace_back("x-request-id", fmt::format("req_{:016x}", answer.id));
  core::JsonWriter w(response.body);
  w.open('{');
  w.field("object", "list");
  w.key("data");
  w.open('[');
  for (std::size_t i = 0; i < answer.vectors.size(); ++i) {
    w.open('{');
    w.field("object", "embedding");
    w.field("index", i);
    w.key("embedding");
    if (asked.base64) {
      w.value(base64_floats(answer.vectors[i]));
    } else {
      write_numbers(w, answer.vectors[i]);
    }
    w.close('}');
  }
  w.close(']');
  w.field("model", answer.model);
  w.key("usage");
  w.raw(fmt::format(R"({{"prompt_tokens":{0},"total_tokens":{0}}})", answer.input));
  w.close('}');
}

const Wire kOpenAiEmbeddings = {.name = "openai embeddings",
                                .paths = kEmbeddingsPaths,
                                .service = kOpenAi,
                                .task = Task::vectors,
                                .fields = &kEmbeddingsFields,
                                .read = read_embeddings,
                                .write = write_embeddings};

}  // namespace sluice::wire
