// OpenAI's POST /v1/responses (docs/providers.md, Responses).
#include <fmt/format.h>

#include <array>

#include "wire/calls.h"
#include "wire/media.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 2> kResponsesPaths = {"/v1/responses",
                                                             "/openai/v1/responses"};

constexpr std::array kInputPartFields = {
    Field{.name = "type",
          .kinds = kString,
          .required = true,
          .choices =
              "input_text|output_text|input_image|input_file|input_audio|refusal|summary_text"},
    Field{.name = "text", .kinds = kString},
    Field{.name = "image_url", .kinds = kString | kNull},
    Field{.name = "detail", .kinds = kString | kNull, .choices = "auto|low|high|original"},
    Field{.name = "file_data", .kinds = kString},
    Field{.name = "file_url", .kinds = kString},
    Field{.name = "file_id", .kinds = kString | kNull},
    Field{.name = "filename", .kinds = kString}};
const Fields kInputPart = {.list = kInputPartFields, .open = true};

constexpr std::array kItemFields = {
    Field{.name = "type", .kinds = kString},
    Field{.name = "role", .kinds = kString, .choices = "user|assistant|system|developer"},
    Field{.name = "content", .kinds = kString | kArray | kNull, .inside = &kInputPart}};
const Fields kItem = {.list = kItemFields, .open = true};  // calls of tools and their outputs too

constexpr std::array kTextFormatFields = {
    Field{.name = "type",
          .kinds = kString,
          .required = true,
          .choices = "text|json_object|json_schema"},
    Field{.name = "name", .kinds = kString}, Field{.name = "description", .kinds = kString | kNull},
    Field{.name = "schema", .kinds = kObject}, Field{.name = "strict", .kinds = kBoolean | kNull}};
const Fields kTextFormat = {.list = kTextFormatFields};

constexpr std::array kTextFields = {
    Field{.name = "format", .kinds = kObject, .inside = &kTextFormat},
    Field{.name = "verbosity", .kinds = kString | kNull, .choices = "low|medium|high"}};
const Fields kText = {.list = kTextFields};

constexpr std::array kReasoningFields = {
    Field{.name = "effort", .kinds = kString | kNull},
    Field{.name = "summary", .kinds = kString | kNull},
    Field{.name = "generate_summary", .kinds = kString | kNull},
    Field{.name = "context", .kinds = kString | kNull},
    Field{.name = "mode", .kinds = kString | kNull}};
const Fields kReasoning = {.list = kReasoningFields};

constexpr std::array kStreamOfResponsesFields = {
    Field{.name = "include_obfuscation", .kinds = kBoolean}};
const Fields kStreamOfResponses = {.list = kStreamOfResponsesFields};

constexpr std::array kFieldsOfResponses = {
    Field{.name = "model", .kinds = kString, .required = true},
    Field{
        .name = "input", .kinds = kString | kArray, .required = true, .inside = &kItem, .least = 1},
    Field{.name = "instructions", .kinds = kString | kNull},
    Field{.name = "max_output_tokens", .kinds = kInteger | kNull, .least = 16},
    Field{.name = "text", .kinds = kObject | kNull, .inside = &kText},
    Field{.name = "reasoning", .kinds = kObject | kNull, .inside = &kReasoning},
    Field{.name = "service_tier",
          .kinds = kString | kNull,
          .choices = "auto|default|flex|scale|priority|fast|ultrafast"},
    Field{.name = "stream", .kinds = kBoolean | kNull},
    Field{.name = "background", .kinds = kBoolean | kNull},
    Field{.name = "previous_response_id", .kinds = kString | kNull},
    Field{.name = "conversation", .kinds = kString | kObject | kNull},
    Field{.name = "temperature", .kinds = kNumber | kNull, .least = 0, .most = 2},
    Field{.name = "top_p", .kinds = kNumber | kNull, .least = 0, .most = 1},
    Field{.name = "top_logprobs", .kinds = kInteger | kNull, .least = 0, .most = 20},
    Field{.name = "truncation", .kinds = kString | kNull, .choices = "auto|disabled"},
    Field{.name = "store", .kinds = kBoolean | kNull},
    Field{.name = "metadata", .kinds = kObject | kNull},
    Field{.name = "tools", .kinds = kArray},
    Field{.name = "tool_choice", .kinds = kString | kObject},
    Field{.name = "parallel_tool_calls", .kinds = kBoolean | kNull},
    Field{.name = "max_tool_calls", .kinds = kInteger | kNull},
    Field{.name = "include", .kinds = kArray | kNull},
    Field{.name = "prompt", .kinds = kObject | kNull},
    Field{.name = "prompt_cache_key", .kinds = kString | kNull},
    Field{.name = "prompt_cache_options", .kinds = kObject},
    Field{.name = "prompt_cache_retention", .kinds = kString | kNull},
    Field{.name = "safety_identifier", .kinds = kString | kNull},
    Field{.name = "stream_options", .kinds = kObject | kNull, .inside = &kStreamOfResponses},
    Field{.name = "moderation", .kinds = kObject | kNull},
    Field{.name = "context_management", .kinds = kArray | kNull},
    Field{.name = "user", .kinds = kString}};
const Fields kResponsesFields = {.list = kFieldsOfResponses};

// What a user's item shows beside its text.
std::expected<void, Refusal> take_input_parts(const Element& content, Asked& asked) {
  simdjson::dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) return {};
  for (const Element part : parts) {
    const std::string_view type = text_at(part, "type");
    if (type != "input_image" && type != "input_file") continue;
    const bool image = type == "input_image";
    std::string_view url = text_at(part, image ? "image_url" : "file_data");
    if (!image && url.empty()) {
      url = text_at(part, "file_url");
    } else if (!image && text_at(part, "filename").empty()) {
      return bad_request("Missing required parameter: 'input.content.filename'.", "input",
                         "missing_required_parameter");
    }
    if (url.empty())
      return bad_request(
          fmt::format("An {} needs {}.", type, image ? "an image_url" : "file_data or a file_url"),
          "input", "missing_required_parameter");
    if (auto added = add_media_url(asked, url, "input"); !added) return added;
  }
  return {};
}

std::expected<Asked, Refusal> read_responses(const Request& request) {
  const Element& body = request.body;
  // What needs the mock to remember.
  if (flag_at(body, "background")) {
    return bad_request("Unsupported value: 'background' does not support true with the mock.",
                       "background", "unsupported_value");
  }
  if (const auto previous = text_at(body, "previous_response_id"); !previous.empty()) {
    return bad_request(fmt::format("Previous response with id '{}' not found.", previous),
                       "previous_response_id", "previous_response_not_found");
  }
  Asked asked;
  asked.model = text_at(body, "model");
  asked.system = text_at(body, "instructions");
  asked.max_output_tokens = count_at(body, "max_output_tokens");
  asked.tier = text_at(body, "service_tier");
  asked.stream = flag_at(body, "stream");
  std::size_t bytes = asked.system.size();
  std::string_view text;
  simdjson::dom::array items;
  if (body["input"].get(text) == simdjson::SUCCESS) {
    asked.user = text;
    bytes += text.size();
  } else if (body["input"].get(items) == simdjson::SUCCESS) {
    for (const Element item : items) {
      Element content;
      if (item["content"].get(content) != simdjson::SUCCESS) continue;
      std::string words = text_of(content);
      bytes += words.size();
      if (text_at(item, "role") == "user") {
        asked.user = std::move(words);
        if (auto taken = take_input_parts(content, asked); !taken)
          return std::unexpected(std::move(taken.error()));
      } else {
        asked.system += words;
      }
    }
  }
  asked.prompt_tokens += tokens_of(bytes);
  asked.user.insert(0, media_text(asked));

  Element format;
  if (body["text"]["format"].get(format) != simdjson::SUCCESS ||
      text_at(format, "type") != "json_schema")
    return asked;
  constexpr std::string_view kFormat = "text.format";
  for (const char* name : {"name", "schema"}) {
    if (format[name].error() == simdjson::SUCCESS) continue;
    const std::string field = fmt::format("{}.{}", kFormat, name);
    return bad_request(fmt::format("Missing required parameter: '{}'.", field), field,
                       "missing_required_parameter");
  }
  const Element schema = format["schema"].value_unsafe();
  if (flag_at(format, "strict")) {
    if (const auto mistake = openai_schema_mistake(schema, text_at(format, "name")))
      return bad_request(*mistake, "text.format.schema", "invalid_json_schema");
  }
  asked.schema = simdjson::minify(schema);
  return asked;
}

}  // namespace

const Wire kOpenAiResponses = {.name = "openai responses",
                               .paths = kResponsesPaths,
                               .service = kOpenAi,
                               .fields = &kResponsesFields,
                               .read = read_responses,
                               .write = write_responses};

}  // namespace sluice::wire
