// Mistral's chat completions and embeddings: OpenAI's paths, with differences (docs/providers.md,
// Mistral). Told apart by the model's name.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/json.h"
#include "wire/base64.h"
#include "wire/calls.h"
#include "wire/embedding_models.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 1> kMistralChatPaths = {"/v1/chat/completions"};
constexpr std::array<std::string_view, 1> kMistralEmbeddingsPaths = {"/v1/embeddings"};

constexpr std::array<std::string_view, 8> kNames = {"mistral-",   "ministral-", "magistral-",
                                                    "codestral-", "devstral-",  "open-mistral-",
                                                    "pixtral-",   "voxtral-"};

constexpr std::array kMistralSchemaFields = {
    Field{.name = "name", .kinds = kString, .required = true},
    Field{.name = "description", .kinds = kString | kNull},
    Field{.name = "schema", .kinds = kObject, .required = true},
    Field{.name = "strict", .kinds = kBoolean}};
const Fields kMistralSchema = {.list = kMistralSchemaFields};
constexpr std::array kMistralFormatFields = {
    Field{.name = "type", .kinds = kString, .choices = "text|json_object|json_schema"},
    Field{.name = "json_schema", .kinds = kObject | kNull, .inside = &kMistralSchema}};
const Fields kMistralFormat = {.list = kMistralFormatFields};

constexpr std::array kMistralMessageFields = {
    Field{.name = "role",
          .kinds = kString,
          .required = true,
          .choices = "system|user|assistant|tool"},
    Field{.name = "content", .kinds = kString | kArray | kNull},
    Field{.name = "tool_calls", .kinds = kArray | kNull},
    Field{.name = "tool_call_id", .kinds = kString | kNull},
    Field{.name = "name", .kinds = kString | kNull},
    Field{.name = "prefix", .kinds = kBoolean}};
const Fields kMistralMessage = {.list = kMistralMessageFields};

constexpr std::array kMistralChatFields = {
    Field{.name = "model", .kinds = kString, .required = true},
    Field{.name = "messages",
          .kinds = kArray,
          .required = true,
          .inside = &kMistralMessage,
          .least = 1},
    Field{.name = "max_tokens", .kinds = kInteger | kNull, .least = 0},
    Field{.name = "temperature", .kinds = kNumber | kNull, .least = 0, .most = 1.5},
    Field{.name = "top_p", .kinds = kNumber | kNull, .least = 0, .most = 1},
    Field{.name = "top_k", .kinds = kInteger | kNull},
    Field{.name = "stream", .kinds = kBoolean},
    Field{.name = "stop", .kinds = kString | kArray | kNull},
    Field{.name = "random_seed", .kinds = kInteger | kNull},
    Field{.name = "response_format", .kinds = kObject | kNull, .inside = &kMistralFormat},
    Field{.name = "safe_prompt", .kinds = kBoolean},
    Field{.name = "metadata", .kinds = kObject | kNull},
    Field{.name = "tools", .kinds = kArray | kNull},
    Field{.name = "tool_choice", .kinds = kString | kObject},
    Field{.name = "parallel_tool_calls", .kinds = kBoolean},
    Field{.name = "presence_penalty", .kinds = kNumber | kNull},
    Field{.name = "frequency_penalty", .kinds = kNumber | kNull},
    Field{.name = "repetition_penalty", .kinds = kNumber | kNull},
    Field{.name = "min_tokens", .kinds = kInteger | kNull},
    Field{.name = "logprobs", .kinds = kBoolean | kNull},
    Field{.name = "top_logprobs", .kinds = kInteger | kNull},
    Field{.name = "prompt_logprobs", .kinds = kBoolean | kNull},
    Field{.name = "top_prompt_logprobs", .kinds = kInteger | kNull},
    Field{.name = "n", .kinds = kInteger | kNull, .least = 1, .most = 1},
    Field{.name = "prediction", .kinds = kObject},
    Field{.name = "reasoning_effort", .kinds = kString | kNull},
    Field{.name = "prompt_mode", .kinds = kString | kNull},
    Field{.name = "guardrails", .kinds = kArray | kNull}};
const Fields kMistralChatBody = {.list = kMistralChatFields};

constexpr std::array kMistralEmbeddingFields = {
    Field{.name = "model", .kinds = kString, .required = true},
    Field{.name = "input", .kinds = kString | kArray, .required = true, .least = 1},
    Field{.name = "output_dimension", .kinds = kInteger | kNull, .least = 1, .most = 65'536},
    Field{.name = "output_dtype", .kinds = kString, .choices = "float"},
    Field{.name = "encoding_format", .kinds = kString | kNull, .choices = "float|base64"},
    Field{.name = "metadata", .kinds = kObject | kNull}};
const Fields kMistralEmbeddingBody = {.list = kMistralEmbeddingFields};

bool is_mistral(const Request& request) {
  const std::string_view model = text_at(request.body, "model");
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return model.starts_with(name); });
}

// --- The service

// What is wrong with a field comes as a list of its own, with status 422.
http::ServerResponse field_refusal(const Mistake& mistake) {
  using Kind = std::pair<std::string_view, std::string>;
  const auto [type, message] = [&]() -> Kind {
    switch (mistake.what) {
      case Mistake::What::unknown:
        return {"extra_forbidden", "Extra inputs are not permitted"};
      case Mistake::What::missing:
        return {"missing", "Field required"};
      case Mistake::What::kind:
        return {"type_error", "Input should be " + kinds_text(mistake.kinds)};
      case Mistake::What::range:
        return {mistake.too_small ? "greater_than_equal" : "less_than_equal",
                fmt::format("Input should be {} than or equal to {}",
                            mistake.too_small ? "greater" : "less", mistake.bound)};
      case Mistake::What::length:
        return {mistake.too_small ? "too_short" : "too_long",
                fmt::format("List should have at {} {} items", mistake.too_small ? "least" : "most",
                            mistake.bound)};
      case Mistake::What::choice:
        return {"enum", "Input should be " + choices_text(mistake.choices)};
    }
    return {"value_error", "Value error"};
  }();
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.key("detail");
  w.open('[');
  w.open('{');
  w.field("type", type);
  w.key("loc");
  w.open('[');
  w.value("body");
  std::string_view path = mistake.path;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part.find_first_not_of("0123456789") == part.npos) {
      w.raw(part);  // a place in a list
    } else {
      w.value(part);
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  w.close(']');
  w.field("msg", message);
  w.close('}');
  w.close(']');
  w.close('}');
  return json_response(422, std::move(out));
}

http::ServerResponse mistral_refuse(const Refusal& refusal) {
  if (refusal.mistake) return field_refusal(*refusal.mistake);
  const auto error = [&](int status, std::string_view type, std::string_view code,
                         std::string_view words) {
    std::string out;
    core::JsonWriter w(out);
    w.open('{');
    w.field("object", "error");
    w.field("message", refusal.message.empty() ? words : std::string_view(refusal.message));
    w.field("type", type);
    w.key("param");
    w.null();
    w.field("code", code);
    w.close('}');
    return json_response(status, std::move(out));
  };
  switch (refusal.why) {
    case Why::bad_key:
    case Why::expired_token:
    case Why::bad_signature:
      return error(401, "unauthorized", "1000", "Unauthorized");
    case Why::unknown_path:
    case Why::wrong_method:
      return error(404, "not_found", "1002", "no Route matched with those values");
    case Why::not_found:
      return error(404, "not_found", "1002", "Not found");
    case Why::conflict:
      return error(409, "invalid_request_error", "1509", "The job is over.");
    case Why::rate_limit: {
      auto response = error(429, "rate_limited", "1300", rate_limit_text(refusal));
      if (!refusal.never) append_retry_after(refusal.wait, response.headers);
      return response;
    }
    case Why::capacity:
      return error(429, "service_tier_capacity_exceeded", "3505",
                   "Service tier capacity exceeded for this model.");
    case Why::server_error:
      return error(500, "internal_server_error", "1500", "Internal server error");
    case Why::bad_request:
      break;
  }
  return error(400, "invalid_request_error", "3051", "Bad request");
}

// Tokens alone, in whole seconds.
void mistral_limits(const simulate::Limiter::Levels& levels, core::WallTime, Headers& headers) {
  if (!levels.tokens) return;
  headers.emplace_back("x-ratelimitbysize-limit-minute",
                       fmt::format("{:.0f}", levels.tokens->limit));
  headers.emplace_back("x-ratelimitbysize-remaining-minute",
                       fmt::format("{:.0f}", std::floor(levels.tokens->remaining)));
  headers.emplace_back(
      "ratelimitbysize-reset",
      std::to_string(std::chrono::ceil<std::chrono::seconds>(levels.tokens->reset).count()));
}

std::string_view mistral_tier(std::string_view) {
  return {};
}

// --- Calls

void write_chunks(core::JsonWriter& w, const Answer& answer) {
  w.open('[');
  w.raw(R"({"type":"thinking","thinking":[{"type":"text","text":"I compare the words."}]})");
  for (const std::string_view piece : pieces_of(answer.text)) {
    w.open('{');
    w.field("type", "text");
    w.field("text", piece);
    w.close('}');
  }
  w.close(']');
}

void write_mistral_chat(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  if (asked.stream) return write_chat(asked, answer, response);
  core::JsonWriter w(response.body);
  w.open('{');
  w.field("id", fmt::format("{:032x}", answer.id));
  w.field("object", "chat.completion");
  w.field("created", answer.created);
  w.field("model", answer.model);
  w.key("choices");
  w.open('[');
  w.open('{');
  w.field("index", 0);
  w.key("message");
  w.open('{');
  w.field("role", "assistant");
  w.key("content");
  if (answer.chunks && answer.refusal.empty()) {
    write_chunks(w, answer);
  } else {
    w.value(answer.refusal.empty() ? answer.text : answer.refusal);
  }
  w.key("tool_calls");
  w.null();
  w.close('}');
  w.field("finish_reason", answer.cut ? "length" : "stop");
  w.close('}');
  w.close(']');
  w.key("usage");
  w.raw(fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                    R"("prompt_tokens_details":{{"cached_tokens":{}}}}})",
                    answer.input, answer.output, answer.input + answer.output, answer.cached));
  w.close('}');
}

std::expected<Asked, Refusal> read_mistral_embeddings(const Request& request) {
  const Element& body = request.body;
  Asked asked;
  asked.model = text_at(body, "model");
  asked.base64 = text_at(body, "encoding_format") == "base64";
  const EmbeddingModel& model = embedding_model(asked.model);
  asked.dimensions = model.dimensions;
  if (const auto dimensions = count_at(body, "output_dimension")) {
    if (!model.shorter) return bad_request("This model does not support output_dimension.");
    asked.dimensions = static_cast<std::uint32_t>(*dimensions);
  }
  const auto take = [&](const Element& value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS || text.empty()) return false;
    asked.prompt_tokens += tokens_of(text.size());
    asked.inputs.emplace_back(text);
    return true;
  };
  simdjson::dom::array inputs;
  bool fine = true;
  if (body["input"].get(inputs) != simdjson::SUCCESS) {
    fine = take(body["input"].value_unsafe());
  } else {
    for (const Element input : inputs) fine = fine && take(input);
  }
  if (!fine) return bad_request("Every input should be a text that is not empty.");
  return asked;
}

void write_mistral_embeddings(const Asked& asked, const Answer& answer,
                              http::ServerResponse& response) {
  write_embeddings(asked, answer, response);
  response.body.replace(0, 1, fmt::format(R"({{"id":"{:032x}",)", answer.id));
}

}  // namespace

const Service kMistral = {.name = "mistral",
                          .refuse = mistral_refuse,
                          .limits = mistral_limits,
                          .credential = authorization,
                          .tier = mistral_tier};

const Wire kMistralChat = {.name = "mistral chat",
                           .paths = kMistralChatPaths,
                           .service = kMistral,
                           .fields = &kMistralChatBody,
                           .takes = is_mistral,
                           .read = read_chat,
                           .write = write_mistral_chat};

const Wire kMistralEmbeddings = {.name = "mistral embeddings",
                                 .paths = kMistralEmbeddingsPaths,
                                 .service = kMistral,
                                 .task = Task::vectors,
                                 .fields = &kMistralEmbeddingBody,
                                 .takes = is_mistral,
                                 .read = read_mistral_embeddings,
                                 .write = write_mistral_embeddings};

}  // namespace sluice::wire
