// Anthropic's Messages: POST /v1/messages (docs/providers.md, Messages), and what Vertex AI's call has of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/json.h"
#include "wire/anthropic.h"
#include "wire/calls.h"
#include "wire/date.h"
#include "wire/media.h"
#include "wire/schema_rules.h"

namespace sluice::wire {
namespace {

constexpr std::array kBlockFields = {Field{
    .name = "type",
    .kinds = kString,
    .required = true,
    .choices = "text|image|document|search_result|thinking|redacted_thinking|tool_use|tool_result|"
               "server_tool_use|web_search_tool_result|container_upload|tool_reference"}};
const Fields kBlock = {.list = kBlockFields, .open = true};

constexpr std::array kTurnFields = {
    Field{.name = "role", .kinds = kString, .required = true, .choices = "user|assistant|system"},
    Field{.name = "content", .kinds = kString | kArray, .required = true, .inside = &kBlock}};
const Fields kTurn = {.list = kTurnFields};

constexpr std::array kAnthropicFormatFields = {
    Field{.name = "type", .kinds = kString, .required = true, .choices = "json_schema"},
    Field{.name = "schema", .kinds = kObject, .required = true}};
const Fields kAnthropicFormat = {.list = kAnthropicFormatFields};

constexpr std::array kOutputConfigFields = {
    Field{.name = "format", .kinds = kObject | kNull, .inside = &kAnthropicFormat},
    Field{.name = "effort", .kinds = kString | kNull, .choices = "low|medium|high|xhigh|max"},
    Field{.name = "task_budget", .kinds = kObject | kNull}};
const Fields kOutputConfig = {.list = kOutputConfigFields};

constexpr std::array kMessagesFields = {
    Field{.name = "model", .kinds = kString, .required = true},
    Field{.name = "messages",
          .kinds = kArray,
          .required = true,
          .inside = &kTurn,
          .least = 1,
          .most = 100'000},
    Field{.name = "max_tokens", .kinds = kInteger, .required = true, .least = 0},
    Field{.name = "system", .kinds = kString | kArray, .inside = &kBlock},
    Field{.name = "metadata", .kinds = kObject},
    Field{.name = "stop_sequences", .kinds = kArray},
    Field{.name = "stream", .kinds = kBoolean},
    Field{.name = "temperature", .kinds = kNumber, .least = 0, .most = 1},
    Field{.name = "top_k", .kinds = kInteger, .least = 0},
    Field{.name = "top_p", .kinds = kNumber, .least = 0, .most = 1},
    Field{.name = "thinking", .kinds = kObject},
    Field{.name = "tools", .kinds = kArray},
    Field{.name = "tool_choice", .kinds = kObject},
    Field{.name = "service_tier", .kinds = kString, .choices = "auto|standard_only"},
    Field{.name = "output_config", .kinds = kObject, .inside = &kOutputConfig},
    Field{.name = "cache_control", .kinds = kObject | kNull},
    Field{.name = "container", .kinds = kAny},
    Field{.name = "context_management", .kinds = kAny},
    Field{.name = "diagnostics", .kinds = kObject | kNull},
    Field{.name = "inference_geo", .kinds = kString | kNull},
    Field{.name = "mcp_servers", .kinds = kArray},
    Field{.name = "speed", .kinds = kString | kNull, .choices = "standard|fast"}};
const Fields kMessages = {.list = kMessagesFields};

constexpr auto kVertexFields = [] {
  auto fields = kMessagesFields;
  fields.front() = {.name = "anthropic_version", .kinds = kString, .required = true};
  return fields;
}();

constexpr std::array<std::string_view, 1> kMessagesPaths = {"/v1/messages"};

// What no schema may hold.
constexpr std::array<std::string_view, 8> kRefusedKeywords = {
    "minimum",    "maximum",   "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength",        "maxItems"};

// Models by how their names begin (docs/providers.md, Messages).
constexpr std::array<std::string_view, 6> kWithoutPrefill = {"claude-opus-4-6",   "claude-opus-4-7",
                                                             "claude-opus-4-8",   "claude-sonnet-5",
                                                             "claude-sonnet-4-6", "claude-fable-5"};
constexpr std::array<std::string_view, 3> kWithoutSampling = {"claude-opus-4-7", "claude-opus-4-8",
                                                              "claude-fable-5"};

// Their fast speed is asked for with a beta header, or without.
constexpr std::array<std::string_view, 4> kFast = {"claude-opus-4-8", "claude-opus-5",
                                                   "claude-fable-5-2", "claude-mythos-5-2"};
constexpr std::array<std::string_view, 3> kFastWithoutBeta = {"claude-opus-5-5", "claude-fable-5-2",
                                                              "claude-mythos-5-2"};

bool is_one(std::string_view model, std::span<const std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view one) { return model.starts_with(one); });
}

// --- Requests

std::optional<std::string> version_mistake(const http::ServerRequest& request) {
  const auto version = request.headers.find("anthropic-version");
  if (!version) return "anthropic-version: header is required";
  if (is_date(*version)) return std::nullopt;
  return fmt::format("anthropic-version: \"{}\" is not a valid version", *version);
}

std::string anthropic_schema_mistake(const SchemaMistake& mistake) {
  const std::string place =
      "output_config.format.schema" + (mistake.path.empty() ? "" : "." + mistake.path);
  if (mistake.keyword == "additionalProperties") {
    return fmt::format(
        "{}: For 'object' type, 'additionalProperties' must be explicitly set to false", place);
  }
  return fmt::format("{}: For '{}' type, property '{}' is not supported", place, mistake.type,
                     mistake.keyword);
}

std::optional<std::string> speed_mistake(const Request& request) {
  if (text_at(request.body, "speed").empty()) return std::nullopt;
  const std::string_view model = text_at(request.body, "model");
  if (!is_one(model, kFast)) return "speed: is not supported by this model";
  const std::string_view betas = request.http.headers.find("anthropic-beta").value_or("");
  if (is_one(model, kFastWithoutBeta) || betas.contains("fast-mode-2026-02-01"))
    return std::nullopt;
  return "speed: Extra inputs are not permitted";
}

constexpr std::array<std::string_view, 4> kImageTypes = {"image/jpeg", "image/png", "image/gif",
                                                         "image/webp"};
constexpr std::size_t kMostImageText = 5 * 1024 * 1024;  // of one image's base64

// One image or document of a user's turn. `place`: "messages.0.content.1.image".
std::expected<void, Refusal> take_source(const Element& block, bool image, const std::string& place,
                                         Asked& asked) {
  Element source;
  if (block["source"].get(source) != simdjson::SUCCESS || !source.is_object())
    return bad_request(place + ".source: Field required");
  const std::string_view type = text_at(source, "type");
  if (type == "url") {
    if (text_at(source, "url").empty())
      return bad_request(place + ".source.url.url: Field required");
    return add_media_url(asked, text_at(source, "url"), place);
  }
  if (type == "text" && !image) return {};
  if (type != "base64")
    return bad_request(
        fmt::format("{}.source: Input tag '{}' is not supported by the mock: base64, "
                    "url",
                    place, type));
  const std::string_view media = text_at(source, "media_type");
  const bool known = image ? std::ranges::find(kImageTypes, media) != kImageTypes.end()
                           : media == "application/pdf";
  if (!known)
    return bad_request(fmt::format(
        "{}.source.base64.media_type: Input should be {}", place,
        image ? "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'" : "'application/pdf'"));
  const std::string_view data = text_at(source, "data");
  if (data.empty()) return bad_request(place + ".source.base64.data: Field required");
  if (image && data.size() > kMostImageText)
    return bad_request(
        fmt::format("{}.source.base64: image exceeds 5 MB maximum: {} bytes > {} "
                    "bytes",
                    place, data.size(), kMostImageText));
  return add_media(asked, media, data);
}

std::expected<void, Refusal> take_blocks(const Element& content, std::size_t turn, Asked& asked) {
  simdjson::dom::array blocks;
  if (content.get(blocks) != simdjson::SUCCESS) return {};
  std::size_t number = 0;
  for (const Element block : blocks) {
    const std::string_view type = text_at(block, "type");
    const std::string place = fmt::format("messages.{}.content.{}.{}", turn, number++, type);
    if (type != "image" && type != "document") continue;
    if (auto taken = take_source(block, type == "image", place, asked); !taken) return taken;
  }
  return {};
}

std::expected<Asked, Refusal> read_messages(const Request& request) {
  if (const auto mistake = version_mistake(request.http)) return bad_request(*mistake);
  if (const auto mistake = speed_mistake(request)) return bad_request(*mistake);
  auto asked = read_messages_of(request.body, text_at(request.body, "model"));
  if (const auto speed = text_at(request.body, "speed"); asked && speed == "fast")
    asked->tier = speed;
  return asked;
}

}  // namespace

const Fields kVertexMessages = {.list = kVertexFields};

std::expected<Asked, Refusal> read_messages_of(const Element& body, std::string_view model) {
  Asked asked;
  asked.model = model;
  asked.max_output_tokens = count_at(body, "max_tokens");
  asked.tier = text_at(body, "service_tier");
  asked.stream = flag_at(body, "stream");
  Element system;
  if (body["system"].get(system) == simdjson::SUCCESS) asked.system = text_of(system);
  std::size_t bytes = asked.system.size();
  simdjson::dom::array turns;
  if (body["messages"].get(turns) != simdjson::SUCCESS) return asked;
  std::string_view role;
  std::size_t number = 0;
  for (const Element turn : turns) {
    role = text_at(turn, "role");
    const Element content = turn["content"].value_unsafe();
    std::string text = text_of(content);
    bytes += text.size();
    if (role == "user") {
      asked.user = std::move(text);
      if (auto taken = take_blocks(content, number, asked); !taken)
        return std::unexpected(std::move(taken.error()));
    } else {
      asked.system += text;
    }
    ++number;
  }
  asked.prompt_tokens += tokens_of(bytes);
  asked.user.insert(0, media_text(asked));

  Element schema;
  const bool formatted = body["output_config"]["format"]["schema"].get(schema) == simdjson::SUCCESS;
  if (role == "assistant" && (formatted || is_one(asked.model, kWithoutPrefill))) {
    return bad_request(
        "messages: this model does not support assistant message prefill; the conversation must "
        "end with a user message");
  }
  constexpr std::array<std::string_view, 3> kSampling = {"temperature", "top_p", "top_k"};
  for (const std::string_view name : kSampling) {
    if (body[name].error() == simdjson::SUCCESS && is_one(asked.model, kWithoutSampling))
      return bad_request(fmt::format("{}: is not supported by this model", name));
  }
  if (formatted) {
    if (const auto mistake =
            schema_mistake(schema, {.closed_objects = true, .refused = kRefusedKeywords}))
      return bad_request(anthropic_schema_mistake(*mistake));
    asked.schema = simdjson::minify(schema);
    return asked;
  }
  // A tool that must be called is the other way to have JSON.
  std::string_view name;
  simdjson::dom::array tools;
  if (body["tool_choice"]["name"].get(name) != simdjson::SUCCESS) return asked;
  asked.tool = name;
  if (body["tools"].get(tools) != simdjson::SUCCESS)
    return bad_request(
        fmt::format("tool_choice.name: tool '{}' not found in provided tools", name));
  for (const Element tool : tools) {
    if (text_at(tool, "name") != name) continue;
    if (tool["input_schema"].get(schema) != simdjson::SUCCESS)
      return bad_request("tools: input_schema: Field required");
    asked.schema = simdjson::minify(schema);
    return asked;
  }
  return bad_request(fmt::format("tool_choice.name: tool '{}' not found in provided tools", name));
}

// --- Replies

namespace {

const char* stop_reason(const Asked& asked, const Answer& answer) {
  if (!answer.refusal.empty()) return "refusal";
  if (answer.cut) return "max_tokens";
  return asked.tool.empty() ? "end_turn" : "tool_use";
}

// Cached tokens stand beside the input's, thinking is part of the output.
void write_anthropic_usage(core::JsonWriter& w, const Answer& answer, std::uint64_t output) {
  w.open('{');
  w.field("input_tokens", answer.input - answer.cached);
  w.field("cache_creation_input_tokens", 0);
  w.field("cache_read_input_tokens", answer.cached);
  w.key("cache_creation");
  w.raw(R"({"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0})");
  w.field("output_tokens", output);
  if (answer.reasoning > 0 && output == answer.output) {
    w.key("output_tokens_details");
    w.raw(fmt::format(R"({{"thinking_tokens":{}}})", answer.reasoning));
  }
  const bool fast = answer.tier == "fast";
  if (!answer.tier.empty()) w.field("service_tier", fast ? "standard" : answer.tier);
  if (fast) w.field("speed", answer.tier);
  w.close('}');
}

// `streamed`: as a stream begins, without content.
void write_message(std::string& out, const Asked& asked, const Answer& answer, bool streamed) {
  core::JsonWriter w(out);
  w.open('{');
  w.field("id", fmt::format("msg_{:016x}", answer.id));
  w.field("type", "message");
  w.field("role", "assistant");
  w.field("model", answer.model);
  w.key("content");
  w.open('[');
  if (!streamed && answer.refusal.empty() && !(answer.text.empty() && answer.cut)) {
    w.open('{');
    if (asked.tool.empty()) {
      w.field("type", "text");
      w.field("text", answer.text);
    } else {
      w.field("type", "tool_use");
      w.field("id", fmt::format("toolu_{:016x}", answer.id));
      w.field("name", asked.tool);
      w.key("input");
      w.raw(is_object(answer.text) ? std::string_view(answer.text) : "{}");
    }
    w.close('}');
  }
  w.close(']');
  w.key("stop_reason");
  if (streamed) {
    w.null();
  } else {
    w.value(stop_reason(asked, answer));
  }
  w.key("stop_sequence");
  w.null();
  if (!streamed && !answer.refusal.empty()) {
    w.key("stop_details");
    w.open('{');
    w.field("type", "refusal");
    w.field("category", "general_harms");
    w.field("explanation", answer.refusal);
    w.close('}');
  }
  w.key("usage");
  write_anthropic_usage(w, answer, streamed ? 1 : answer.output);
  w.close('}');
}

void write_message_stream(const Asked& asked, const Answer& answer, std::string& out) {
  const bool tool = !asked.tool.empty();
  const auto event = [&](std::string_view name, const std::string& fields) {
    append_event(out, name,
                 fmt::format(R"({{"type":"{}"{}{}}})", name, fields.empty() ? "" : ",", fields));
  };
  std::string message;
  write_message(message, asked, answer, true);
  event("message_start", R"("message":)" + message);
  std::string name;
  core::append_json_string(name, asked.tool);
  event("content_block_start",
        tool ? fmt::format(R"("index":0,"content_block":{{"type":"tool_use","id":"toolu_{:016x}",)"
                           R"("name":{},"input":{{}}}})",
                           answer.id, name)
             : std::string(R"("index":0,"content_block":{"type":"text","text":""})"));
  event("ping", "");
  for (const std::string_view piece : pieces_of(answer.text)) {
    std::string text;
    core::append_json_string(text, piece);
    event("content_block_delta", fmt::format(R"("index":0,"delta":{{"type":"{}","{}":{}}})",
                                             tool ? "input_json_delta" : "text_delta",
                                             tool ? "partial_json" : "text", text));
  }
  event("content_block_stop", R"("index":0)");
  std::string usage;
  core::JsonWriter w(usage);
  write_anthropic_usage(w, answer, answer.output);
  event("message_delta",
        fmt::format(R"("delta":{{"stop_reason":"{}","stop_sequence":null}},"usage":{})",
                    stop_reason(asked, answer), usage));
  event("message_stop", "");
}

}  // namespace

void write_messages(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  response.headers.emplace_back("request-id", fmt::format("req_{:016x}", answer.id));
  if (!asked.stream) return write_message(response.body, asked, answer, false);
  response.content_type = "text/event-stream";
  write_message_stream(asked, answer, response.body);
}

const Wire kAnthropicMessages = {.name = "anthropic messages",
                                 .paths = kMessagesPaths,
                                 .service = kAnthropic,
                                 .fields = &kMessages,
                                 .read = read_messages,
                                 .write = write_messages};

}  // namespace sluice::wire
