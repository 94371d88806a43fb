// AWS Bedrock's Converse: POST /model/{id}/converse (docs/providers.md, Bedrock).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/json.h"
#include "wire/calls.h"
#include "wire/media.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 1> kConversePaths = {"/model/{}/converse"};

// --- Fields

constexpr std::array kCachePointFields = {
    Field{.name = "type", .kinds = kString, .required = true, .choices = "default"},
    Field{.name = "ttl", .kinds = kString, .choices = "5m|1h"}};
const Fields kCachePoint = {.list = kCachePointFields};

constexpr std::array kSystemBlockFields = {
    Field{.name = "text", .kinds = kString}, Field{.name = "guardContent", .kinds = kObject},
    Field{.name = "cachePoint", .kinds = kObject, .inside = &kCachePoint}};
const Fields kSystemBlock = {.list = kSystemBlockFields};

constexpr std::array kSourceFields = {
    Field{.name = "bytes", .kinds = kString}, Field{.name = "s3Location", .kinds = kObject},
    Field{.name = "text", .kinds = kString}, Field{.name = "content", .kinds = kArray}};
const Fields kSource = {.list = kSourceFields};
constexpr std::array kImageBlockFields = {
    Field{.name = "format", .kinds = kString, .required = true, .choices = "png|jpeg|gif|webp"},
    Field{.name = "source", .kinds = kObject, .required = true, .inside = &kSource}};
const Fields kImageBlock = {.list = kImageBlockFields};
constexpr std::array kDocumentBlockFields = {
    Field{.name = "format", .kinds = kString, .choices = "pdf|csv|doc|docx|xls|xlsx|html|txt|md"},
    Field{.name = "name", .kinds = kString, .required = true},
    Field{.name = "source", .kinds = kObject, .required = true, .inside = &kSource},
    Field{.name = "context", .kinds = kString}, Field{.name = "citations", .kinds = kObject}};
const Fields kDocumentBlock = {.list = kDocumentBlockFields};

constexpr std::array kConverseBlockFields = {
    Field{.name = "text", .kinds = kString},
    Field{.name = "image", .kinds = kObject, .inside = &kImageBlock},
    Field{.name = "document", .kinds = kObject, .inside = &kDocumentBlock},
    Field{.name = "video", .kinds = kObject},
    Field{.name = "audio", .kinds = kObject},
    Field{.name = "toolUse", .kinds = kObject},
    Field{.name = "toolResult", .kinds = kObject},
    Field{.name = "guardContent", .kinds = kObject},
    Field{.name = "cachePoint", .kinds = kObject, .inside = &kCachePoint},
    Field{.name = "reasoningContent", .kinds = kObject},
    Field{.name = "citationsContent", .kinds = kObject},
    Field{.name = "searchResult", .kinds = kObject}};
const Fields kConverseBlock = {.list = kConverseBlockFields};

constexpr std::array kConverseMessageFields = {
    Field{.name = "role", .kinds = kString, .required = true, .choices = "user|assistant"},
    Field{.name = "content", .kinds = kArray, .required = true, .inside = &kConverseBlock}};
const Fields kConverseMessage = {.list = kConverseMessageFields};

constexpr std::array kInferenceFields = {
    Field{.name = "maxTokens", .kinds = kInteger, .least = 1},
    Field{.name = "temperature", .kinds = kNumber, .least = 0, .most = 1},
    Field{.name = "topP", .kinds = kNumber, .least = 0, .most = 1},
    Field{.name = "stopSequences", .kinds = kArray, .most = 2500}};
const Fields kInference = {.list = kInferenceFields};

constexpr std::array kSchemaDefinitionFields = {
    Field{.name = "schema", .kinds = kString, .required = true},
    Field{.name = "name", .kinds = kString}, Field{.name = "description", .kinds = kString}};
const Fields kSchemaDefinition = {.list = kSchemaDefinitionFields};
constexpr std::array kStructureFields = {
    Field{.name = "jsonSchema", .kinds = kObject, .inside = &kSchemaDefinition}};
const Fields kStructure = {.list = kStructureFields};
constexpr std::array kTextFormatOfConverse = {
    Field{.name = "type", .kinds = kString, .required = true, .choices = "json_schema"},
    Field{.name = "structure", .kinds = kObject, .required = true, .inside = &kStructure}};
const Fields kConverseTextFormat = {.list = kTextFormatOfConverse};
constexpr std::array kConverseOutputFields = {
    Field{.name = "textFormat", .kinds = kObject, .inside = &kConverseTextFormat},
    Field{.name = "effort", .kinds = kString}};
const Fields kConverseOutput = {.list = kConverseOutputFields};

constexpr std::array kTierFields = {Field{.name = "type",
                                          .kinds = kString,
                                          .required = true,
                                          .choices = "priority|default|flex|reserved"}};
const Fields kTier = {.list = kTierFields};

constexpr std::array kFieldsOfConverse = {
    Field{.name = "messages",
          .kinds = kArray,
          .required = true,
          .inside = &kConverseMessage,
          .least = 1},
    Field{.name = "system", .kinds = kArray, .inside = &kSystemBlock},
    Field{.name = "inferenceConfig", .kinds = kObject, .inside = &kInference},
    Field{.name = "outputConfig", .kinds = kObject, .inside = &kConverseOutput},
    Field{.name = "serviceTier", .kinds = kObject, .inside = &kTier},
    Field{.name = "toolConfig", .kinds = kObject},
    Field{.name = "guardrailConfig", .kinds = kObject},
    Field{.name = "additionalModelRequestFields", .kinds = kObject},
    Field{.name = "additionalModelResponseFieldPaths", .kinds = kArray},
    Field{.name = "promptVariables", .kinds = kObject},
    Field{.name = "requestMetadata", .kinds = kObject},
    Field{.name = "performanceConfig", .kinds = kObject}};
const Fields kConverse = {.list = kFieldsOfConverse};

// --- The service

std::string bedrock_wording(const Mistake& mistake) {
  const auto constraint = [&](std::string_view demand) {
    return fmt::format(
        "1 validation error detected: Value at '{}' failed to satisfy constraint: {}",
        bracketed(mistake.path), demand);
  };
  switch (mistake.what) {
    case Mistake::What::unknown:
      return fmt::format(
          "Malformed input request: #: extraneous key [{}] is not permitted, please reformat your "
          "input and try again.",
          bracketed(mistake.path));
    case Mistake::What::missing:
      return constraint("Member must not be null");
    case Mistake::What::kind:
      return constraint("Member must be " + kinds_text(mistake.kinds));
    case Mistake::What::range:
      return constraint(fmt::format("Member must have value {} than or equal to {}",
                                    mistake.too_small ? "greater" : "less", mistake.bound));
    case Mistake::What::length:
      return constraint(fmt::format("Member must have length {} than or equal to {}",
                                    mistake.too_small ? "greater" : "less", mistake.bound));
    case Mistake::What::choice:
      return constraint("Member must satisfy enum value set: [" +
                        choices_text(mistake.choices, ", ") + "]");
  }
  return mistake.path;
}

http::ServerResponse bedrock_refuse(const Refusal& refusal) {
  const auto error = [&](int status, std::string_view exception, std::string_view words) {
    std::string out;
    core::JsonWriter w(out);
    w.open('{');
    w.field("message", refusal.message.empty() ? words : std::string_view(refusal.message));
    w.close('}');
    http::ServerResponse response = json_response(status, std::move(out));
    response.headers.emplace_back("x-amzn-requestid", fmt::format("{:016x}", refusal.id));
    response.headers.emplace_back(
        "x-amzn-errortype", refusal.code.empty() ? exception : std::string_view(refusal.code));
    return response;
  };
  switch (refusal.why) {
    case Why::bad_key:
      return error(403, "UnrecognizedClientException",
                   "The security token included in the request is invalid.");
    case Why::expired_token:
      return error(403, "ExpiredTokenException",
                   "The security token included in the request is expired");
    case Why::bad_signature:
      return error(
          403, "InvalidSignatureException",
          "The request signature we calculated does not match the signature you provided.");
    case Why::unknown_path:
    case Why::wrong_method:
      return error(404, "UnknownOperationException", "The operation is not known.");
    case Why::not_found:
      return error(404, "ResourceNotFoundException", "The specified resource was not found.");
    case Why::conflict:
      return error(409, "ConflictException", "The resource is in another state.");
    case Why::rate_limit:
      return error(429, "ThrottlingException",
                   "Too many requests, please wait before trying again.");
    case Why::capacity:
      return error(503, "ServiceUnavailableException", "The service isn't currently available.");
    case Why::server_error:
      return error(500, "InternalServerException",
                   "The system encountered an unexpected error during processing.");
    case Why::bad_request:
      break;
  }
  return error(400, "ValidationException",
               refusal.mistake ? bedrock_wording(*refusal.mistake) : "Bad request.");
}

std::string_view bedrock_tier(std::string_view asked) {
  return asked;
}

// --- Requests

std::expected<std::string, Refusal> schema_in_text(std::string_view text) {
  if (!is_object(text)) {
    return bad_request(
        "The value of outputConfig.textFormat.structure.jsonSchema.schema is not a valid JSON "
        "schema: it must be one JSON object, written as a string.");
  }
  return std::string(text);
}

// The one tool that must be called, and its schema.
std::optional<std::unexpected<Refusal>> take_tool(const Element& body, Asked& asked) {
  std::string_view name;
  if (body["toolConfig"]["toolChoice"]["tool"]["name"].get(name) != simdjson::SUCCESS)
    return std::nullopt;
  simdjson::dom::array tools;
  if (body["toolConfig"]["tools"].get(tools) == simdjson::SUCCESS) {
    for (const Element tool : tools) {
      Element schema;
      std::string_view its;
      if (tool["toolSpec"]["name"].get(its) != simdjson::SUCCESS || its != name) continue;
      if (tool["toolSpec"]["inputSchema"]["json"].get(schema) != simdjson::SUCCESS) continue;
      asked.tool = name;
      asked.schema = simdjson::minify(schema);
      return std::nullopt;
    }
  }
  return bad_request(
      fmt::format("The toolConfig.toolChoice.tool.name '{}' is not in toolConfig.tools.", name));
}

constexpr std::size_t kMostConverseImages = 20;
constexpr std::size_t kMostConverseDocuments = 5;

// Of a document: letters, digits, single blanks, hyphens, parentheses and brackets.
bool is_document_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && !name.contains("  ") &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view(" -()[]").contains(c);
         });
}

// What a user's message shows beside its text.
std::expected<void, Refusal> take_converse_blocks(const Element& content, Asked& asked) {
  std::size_t images = 0;
  std::size_t documents = 0;
  bool text = false;
  simdjson::dom::array blocks;
  if (content.get(blocks) != simdjson::SUCCESS) return {};
  for (const Element block : blocks) {
    Element inner;
    text = text || block["text"].error() == simdjson::SUCCESS;
    const bool image = block["image"].get(inner) == simdjson::SUCCESS;
    if (!image && block["document"].get(inner) != simdjson::SUCCESS) continue;
    ++(image ? images : documents);
    std::string_view bytes;
    if (inner["source"]["bytes"].get(bytes) != simdjson::SUCCESS)
      return bad_request("The mock takes images and documents as bytes alone.");
    if (!image && !is_document_name(text_at(inner, "name")))
      return bad_request(
          "The document file name can only contain alphanumeric characters, whitespace characters, "
          "hyphens, parentheses, and square brackets. The name can't contain more than one "
          "consecutive whitespace character.");
    const std::string media =
        (image ? "image/" : "application/") + std::string(text_at(inner, "format"));
    if (auto added = add_media(asked, media, bytes); !added) return added;
  }
  if (images > kMostConverseImages || documents > kMostConverseDocuments)
    return bad_request("Too many images or documents in one message.");
  if (documents > 0 && !text) return bad_request("A text block is required when using documents.");
  return {};
}

std::expected<Asked, Refusal> read_converse(const Request& request) {
  const Element& body = request.body;
  Asked asked;
  asked.model = request.in_path.front();
  Element system;
  if (body["system"].get(system) == simdjson::SUCCESS) asked.system = text_of(system);
  std::size_t bytes = asked.system.size();
  simdjson::dom::array messages;
  if (body["messages"].get(messages) != simdjson::SUCCESS) return asked;
  for (const Element message : messages) {
    const Element content = message["content"].value_unsafe();
    std::string text = text_of(content);
    bytes += text.size();
    if (text_at(message, "role") == "user") {
      asked.user = std::move(text);
      if (auto taken = take_converse_blocks(content, asked); !taken)
        return std::unexpected(std::move(taken.error()));
    } else {
      asked.system += text;
    }
  }
  asked.prompt_tokens += tokens_of(bytes);
  asked.user.insert(0, media_text(asked));
  Element inference;
  if (body["inferenceConfig"].get(inference) == simdjson::SUCCESS)
    asked.max_output_tokens = count_at(inference, "maxTokens");
  std::string_view text;
  if (body["serviceTier"]["type"].get(text) == simdjson::SUCCESS) asked.tier = text;
  if (body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"].get(text) ==
      simdjson::SUCCESS) {
    auto schema = schema_in_text(text);
    if (!schema) return std::unexpected(std::move(schema.error()));
    asked.schema = std::move(*schema);
    return asked;
  }
  if (auto wrong = take_tool(body, asked)) return std::move(*wrong);
  return asked;
}

// --- Replies

void write_converse_content(core::JsonWriter& w, const Asked& asked, const Answer& answer) {
  w.open('[');
  const std::string& text = answer.refusal.empty() ? answer.text : answer.refusal;
  if (!(text.empty() && answer.cut)) {
    w.open('{');
    if (asked.tool.empty() || !answer.refusal.empty()) {
      w.field("text", text);
    } else {
      w.key("toolUse");
      w.open('{');
      w.field("toolUseId", fmt::format("tooluse_{:016x}", answer.id));
      w.field("name", asked.tool);
      w.key("input");
      w.raw(is_object(text) ? std::string_view(text) : "{}");
      w.close('}');
    }
    w.close('}');
  }
  w.close(']');
}

void write_converse(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  response.headers.emplace_back("x-amzn-requestid", fmt::format("{:016x}", answer.id));
  core::JsonWriter w(response.body);
  w.open('{');
  w.key("output");
  w.open('{');
  w.key("message");
  w.open('{');
  w.field("role", "assistant");
  w.key("content");
  write_converse_content(w, asked, answer);
  w.close('}');
  w.close('}');
  w.field("stopReason", !answer.refusal.empty() ? "content_filtered"
                        : answer.cut            ? "max_tokens"
                        : asked.tool.empty()    ? "end_turn"
                                                : "tool_use");
  // Cached tokens stand beside the input's.
  w.key("usage");
  w.raw(fmt::format(R"({{"inputTokens":{},"outputTokens":{},"totalTokens":{},)"
                    R"("cacheReadInputTokens":{},"cacheWriteInputTokens":0}})",
                    answer.input - answer.cached, answer.output, answer.input + answer.output,
                    answer.cached));
  w.key("metrics");
  w.raw(fmt::format(R"({{"latencyMs":{}}})",
                    std::chrono::duration_cast<std::chrono::milliseconds>(answer.latency).count()));
  if (!answer.tier.empty()) {
    w.key("serviceTier");
    w.raw(fmt::format(R"({{"type":"{}"}})", answer.tier));
  }
  w.close('}');
}

}  // namespace

const Service kBedrock = {
    .name = "bedrock", .refuse = bedrock_refuse, .credential = authorization, .tier = bedrock_tier};

const Wire kBedrockConverse = {.name = "bedrock converse",
                               .paths = kConversePaths,
                               .service = kBedrock,
                               .fields = &kConverse,
                               .read = read_converse,
                               .write = write_converse};

}  // namespace sluice::wire
