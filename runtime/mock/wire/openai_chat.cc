// POST /v1/chat/completions, as OpenAI defined it and as some twenty services and servers speak it.
#include <fmt/format.h>

#include <array>

#include "core/json.h"
#include "wire/calls.h"
#include "wire/media.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 1> kChatPaths = {"/v1/chat/completions"};

constexpr unsigned kMaybeNull = kNull;

constexpr std::array kJsonSchemaFields = {
    Field{.name = "name", .kinds = kString, .required = true},
    Field{.name = "description", .kinds = kString | kMaybeNull},
    Field{.name = "schema", .kinds = kObject},
    Field{.name = "strict", .kinds = kBoolean | kMaybeNull}};
const Fields kJsonSchema = {.list = kJsonSchemaFields};

constexpr std::array kFormatFields = {
    Field{.name = "type",
          .kinds = kString,
          .required = true,
          .choices = "text|json_object|json_schema|structural_tag|grammar|regex"},
    Field{.name = "json_schema", .kinds = kObject | kMaybeNull, .inside = &kJsonSchema},
    Field{.name = "schema", .kinds = kObject | kMaybeNull},  // llama.cpp, Together, Fireworks
    Field{.name = "grammar", .kinds = kAny},
    Field{.name = "pattern", .kinds = kString},
    Field{.name = "structures", .kinds = kArray},
    Field{.name = "triggers", .kinds = kArray}};
const Fields kFormat = {.list = kFormatFields};

constexpr std::array kImageUrlFields = {
    Field{.name = "url", .kinds = kString, .required = true},
    Field{.name = "detail", .kinds = kString | kMaybeNull, .choices = "auto|low|high|original"}};
const Fields kImageUrl = {.list = kImageUrlFields};
constexpr std::array kFileFields = {Field{.name = "filename", .kinds = kString},
                                    Field{.name = "file_data", .kinds = kString},
                                    Field{.name = "file_id", .kinds = kString}};
const Fields kFile = {.list = kFileFields};

// Beside OpenAI's: what services add to a part (a breakpoint of a cache).
constexpr std::array<std::string_view, 2> kPartAlso = {"cache_control", "prompt_cache_breakpoint"};
constexpr std::array kPartFields = {
    Field{.name = "type",
          .kinds = kString,
          .required = true,
          .choices = "text|image_url|input_audio|file|refusal|video_url|audio_url|thinking"},
    Field{.name = "text", .kinds = kString},
    Field{.name = "image_url", .kinds = kObject | kString, .inside = &kImageUrl},
    Field{.name = "input_audio", .kinds = kObject},
    Field{.name = "file", .kinds = kObject, .inside = &kFile},
    Field{.name = "refusal", .kinds = kString},
    Field{.name = "video_url", .kinds = kObject | kString},
    Field{.name = "audio_url", .kinds = kObject | kString},
    Field{.name = "thinking", .kinds = kAny}};
const Fields kPart = {.list = kPartFields, .also = kPartAlso};

constexpr std::array<std::string_view, 4> kMessageAlso = {"reasoning", "reasoning_content",
                                                          "prefix", "annotations"};
constexpr std::array kMessageFields = {
    Field{.name = "role",
          .kinds = kString,
          .required = true,
          .choices = "system|developer|user|assistant|tool|function"},
    Field{.name = "content", .kinds = kString | kArray | kMaybeNull, .inside = &kPart},
    Field{.name = "name", .kinds = kString},
    Field{.name = "refusal", .kinds = kString | kMaybeNull},
    Field{.name = "audio", .kinds = kObject | kMaybeNull},
    Field{.name = "tool_calls", .kinds = kArray | kMaybeNull},
    Field{.name = "function_call", .kinds = kObject | kMaybeNull},
    Field{.name = "tool_call_id", .kinds = kString}};
const Fields kMessage = {.list = kMessageFields, .also = kMessageAlso};

constexpr std::array kStreamFields = {
    Field{.name = "include_usage", .kinds = kBoolean},
    Field{.name = "include_obfuscation", .kinds = kBoolean},
    Field{.name = "continuous_usage_stats", .kinds = kBoolean}};  // vLLM
const Fields kStreamOptions = {.list = kStreamFields};

constexpr std::array kFieldsOfChat = {
    Field{.name = "model", .kinds = kString, .required = true},
    Field{.name = "messages", .kinds = kArray, .required = true, .inside = &kMessage, .least = 1},
    Field{.name = "audio", .kinds = kObject | kMaybeNull},
    Field{.name = "frequency_penalty", .kinds = kNumber | kMaybeNull, .least = -2, .most = 2},
    Field{.name = "function_call", .kinds = kString | kObject},
    Field{.name = "functions", .kinds = kArray},
    Field{.name = "logit_bias", .kinds = kObject | kMaybeNull},
    Field{.name = "logprobs", .kinds = kBoolean | kMaybeNull},
    Field{.name = "max_completion_tokens", .kinds = kInteger | kMaybeNull, .least = 1},
    Field{.name = "max_tokens", .kinds = kInteger | kMaybeNull, .least = 1},
    Field{.name = "metadata", .kinds = kObject | kMaybeNull},
    Field{.name = "modalities", .kinds = kArray | kMaybeNull},
    Field{.name = "moderation", .kinds = kObject | kMaybeNull},
    // One choice is all that the mock gives.
    Field{.name = "n", .kinds = kInteger | kMaybeNull, .least = 1, .most = 1},
    Field{.name = "parallel_tool_calls", .kinds = kBoolean | kMaybeNull},
    Field{.name = "prediction", .kinds = kObject | kMaybeNull},
    Field{.name = "presence_penalty", .kinds = kNumber | kMaybeNull, .least = -2, .most = 2},
    Field{.name = "prompt_cache_key", .kinds = kString | kMaybeNull},
    Field{.name = "prompt_cache_options", .kinds = kObject},
    Field{.name = "prompt_cache_retention", .kinds = kString | kMaybeNull},
    Field{.name = "reasoning_effort", .kinds = kString | kNumber | kMaybeNull},
    Field{.name = "response_format", .kinds = kObject | kMaybeNull, .inside = &kFormat},
    Field{.name = "safety_identifier", .kinds = kString | kMaybeNull},
    Field{.name = "seed", .kinds = kInteger | kMaybeNull},
    Field{.name = "service_tier",
          .kinds = kString | kMaybeNull,
          .choices = "auto|default|flex|scale|priority|fast|on_demand|performance"},
    Field{.name = "stop", .kinds = kString | kArray | kMaybeNull, .most = 4},
    Field{.name = "store", .kinds = kBoolean | kMaybeNull},
    Field{.name = "stream", .kinds = kBoolean | kMaybeNull},
    Field{.name = "stream_options", .kinds = kObject | kMaybeNull, .inside = &kStreamOptions},
    Field{.name = "temperature", .kinds = kNumber | kMaybeNull, .least = 0, .most = 2},
    Field{.name = "tool_choice", .kinds = kString | kObject},
    Field{.name = "tools", .kinds = kArray | kMaybeNull},
    Field{.name = "top_logprobs", .kinds = kInteger | kMaybeNull, .least = 0, .most = 20},
    Field{.name = "top_p", .kinds = kNumber | kMaybeNull, .least = 0, .most = 1},
    Field{.name = "user", .kinds = kString | kMaybeNull},
    Field{.name = "verbosity", .kinds = kString | kMaybeNull},
    Field{.name = "web_search_options", .kinds = kObject}};

// What services and servers of the same format take besides (docs/providers.md, Chat completions):
// the mock stands in for them too.
constexpr std::array<std::string_view, 84> kAlso = {
    // vLLM
    "structured_outputs", "min_tokens", "top_k", "min_p", "repetition_penalty", "length_penalty",
    "ignore_eos", "stop_token_ids", "skip_special_tokens", "spaces_between_special_tokens",
    "include_stop_str_in_output", "bad_words", "allowed_token_ids", "truncate_prompt_tokens",
    "prompt_logprobs", "echo", "add_generation_prompt", "continue_final_message",
    "add_special_tokens", "documents", "chat_template", "chat_template_kwargs",
    "mm_processor_kwargs", "priority", "request_id", "cache_salt", "use_beam_search",
    "return_token_ids", "return_tokens_as_token_ids", "kv_transfer_params", "vllm_xargs",
    "include_reasoning",
    // SGLang
    "regex", "ebnf", "separate_reasoning", "stream_reasoning", "rid", "lora_path", "no_stop_trim",
    "return_hidden_states", "custom_logit_processor", "custom_params",
    // llama.cpp
    "grammar", "json_schema", "cache_prompt", "id_slot", "timings_per_token", "n_predict",
    "samplers", "dynatemp_range", "typical_p", "mirostat", "reasoning_format", "thinking_budget",
    "reasoning_in_content", "n_probs", "return_progress",
    // Ollama
    "options", "keep_alive", "format", "think",
    // Groq, Cerebras
    "citation_options", "compound_custom", "disable_tool_validation", "exclude_domains",
    "include_domains", "search_settings", "disable_reasoning",
    // Together, Fireworks
    "safety_model", "context_length_exceeded_behavior", "perf_metrics_in_response",
    "prompt_truncate_len", "speculation", "reasoning_history", "raw_output",
    // OpenRouter
    "provider", "models", "route", "transforms", "plugins", "usage", "reasoning",
    // DeepSeek, xAI
    "thinking", "search_parameters"};

void write_usage(core::JsonWriter& w, const Answer& answer) {
  w.open('{');
  w.field("prompt_tokens", answer.input);
  w.field("completion_tokens", answer.output);
  w.field("total_tokens", answer.input + answer.output);
  w.key("prompt_tokens_details");
  w.raw(fmt::format(R"({{"cached_tokens":{}}})", answer.cached));
  w.key("completion_tokens_details");
  w.raw(fmt::format(R"({{"reasoning_tokens":{}}})", answer.reasoning));
  w.close('}');
}

void write_head(core::JsonWriter& w, const Answer& answer, const char* object) {
  w.field("id", fmt::format("chatcmpl-{:016x}", answer.id));
  w.field("object", object);
  w.field("created", answer.created);
  w.field("model", answer.model);
  if (!answer.tier.empty()) w.field("service_tier", answer.tier);
}

std::string chunk(const Answer& answer, std::string_view delta, const char* finish) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  write_head(w, answer, "chat.completion.chunk");
  w.key("choices");
  w.open('[');
  w.open('{');
  w.field("index", 0);
  w.key("delta");
  w.raw(delta);
  w.key("finish_reason");
  if (finish) {
    w.value(finish);
  } else {
    w.null();
  }
  w.close('}');
  w.close(']');
  w.close('}');
  return out;
}

std::string delta_of(const char* name, std::string_view text) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field(name, text);
  w.close('}');
  return out;
}

void write_stream(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  response.content_type = "text/event-stream";
  std::string& out = response.body;
  const bool refused = !answer.refusal.empty();
  append_event(out, "", chunk(answer, R"({"role":"assistant","content":""})", nullptr));
  for (const std::string_view piece : pieces_of(refused ? answer.refusal : answer.text))
    append_event(out, "", chunk(answer, delta_of(refused ? "refusal" : "content", piece), nullptr));
  append_event(out, "", chunk(answer, "{}", answer.cut ? "length" : "stop"));
  if (asked.stream_usage) {
    std::string usage;
    core::JsonWriter w(usage);
    w.open('{');
    write_head(w, answer, "chat.completion.chunk");
    w.key("choices");
    w.raw("[]");
    w.key("usage");
    write_usage(w, answer);
    w.close('}');
    append_event(out, "", usage);
  }
  append_event(out, "", "[DONE]");
}

// What a user message shows beside its text.
std::expected<void, Refusal> take_parts(const Element& content, std::size_t message, Asked& asked) {
  simdjson::dom::array parts;
  if (content.get(parts) != simdjson::SUCCESS) return {};
  std::size_t part = 0;
  for (const Element one : parts) {
    const std::string place = fmt::format("messages[{}].content[{}]", message, part++);
    const std::string_view type = text_at(one, "type");
    if (type != "image_url" && type != "file") continue;
    const bool image = type == "image_url";
    std::string_view url;
    if (one[type].get(url) != simdjson::SUCCESS)
      if (one[type][image ? "url" : "file_data"].get(url) != simdjson::SUCCESS)
        return bad_request(fmt::format("Missing required parameter: '{}.{}'.", place,
                                       image ? "image_url" : "file.file_data"),
                           place, "missing_required_parameter");
    // Of a file there is no address here, and its name is asked for.
    if (!image &&
        (!url.starts_with("data:") || text_at(one["file"].value_unsafe(), "filename").empty()))
      return bad_request(fmt::format("Invalid '{}.file': it takes filename and file_data.", place),
                         place, "invalid_value");
    if (auto added = add_media_url(asked, url, place); !added) return added;
  }
  return {};
}

// The schema of the answer, wherever OpenAI or a server of its format takes one.
std::optional<Element> schema_in(const Element& body) {
  Element schema;
  if (body["response_format"]["json_schema"]["schema"].get(schema) == simdjson::SUCCESS ||
      body["response_format"]["schema"].get(schema) == simdjson::SUCCESS ||
      body["structured_outputs"]["json"].get(schema) == simdjson::SUCCESS ||
      body["json_schema"].get(schema) == simdjson::SUCCESS)
    return schema;
  return std::nullopt;
}

}  // namespace

const Fields kChatFields = {.list = kFieldsOfChat, .also = kAlso};
const Fields kDeploymentChatFields = {.list = kFieldsOfChat, .also = kAlso, .optional = "model"};

std::expected<Asked, Refusal> read_chat(const Request& request) {
  const Element& body = request.body;
  Asked asked;
  asked.model = text_at(body, "model");
  if (asked.model.empty() && !request.in_path.empty()) asked.model = request.in_path.front();
  std::size_t bytes = 0;
  simdjson::dom::array messages;
  if (body["messages"].get(messages) != simdjson::SUCCESS) return asked;
  std::size_t number = 0;
  for (const Element message : messages) {
    Element content;
    std::string text;
    const bool there = message["content"].get(content) == simdjson::SUCCESS;
    if (there) text = text_of(content);
    bytes += text.size();
    if (text_at(message, "role") == "user") {
      asked.user = std::move(text);
      if (auto taken = there ? take_parts(content, number, asked) : std::expected<void, Refusal>();
          !taken)
        return std::unexpected(std::move(taken.error()));
    } else {
      asked.system += text;
    }
    ++number;
  }
  asked.prompt_tokens += tokens_of(bytes);
  asked.user.insert(0, media_text(asked));
  asked.max_output_tokens = count_at(body, "max_completion_tokens");
  if (!asked.max_output_tokens) asked.max_output_tokens = count_at(body, "max_tokens");
  asked.tier = text_at(body, "service_tier");
  asked.stream = flag_at(body, "stream");
  asked.ignores_end = flag_at(body, "ignore_eos");
  bool usage = false;
  asked.stream_usage =
      body["stream_options"]["include_usage"].get(usage) == simdjson::SUCCESS && usage;

  const auto schema = schema_in(body);
  if (!schema) return asked;
  bool strict = false;
  const auto format = body["response_format"]["json_schema"];
  std::string_view name;
  if (format["name"].get(name) != simdjson::SUCCESS) name = "";
  if (format["strict"].get(strict) == simdjson::SUCCESS && strict) {
    if (const auto mistake = openai_schema_mistake(*schema, name))
      return bad_request(*mistake, "response_format");
  }
  asked.schema = simdjson::minify(*schema);
  return asked;
}

void write_chat(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  response.headers.emplace_back("x-request-id", fmt::format("req_{:016x}", answer.id));
  if (asked.stream) return write_stream(asked, answer, response);
  std::string& out = response.body;
  out.reserve(answer.text.size() + answer.text.size() / 4 + 512);
  core::JsonWriter w(out);
  const auto text_or_null = [&](const char* name, const std::string& text, bool is_null) {
    w.key(name);
    if (is_null) {
      w.null();
    } else {
      w.value(text);
    }
  };
  w.open('{');
  write_head(w, answer, "chat.completion");
  w.key("choices");
  w.open('[');
  w.open('{');
  w.field("index", 0);
  w.key("message");
  w.open('{');
  w.field("role", "assistant");
  text_or_null("content", answer.text, !answer.refusal.empty());
  text_or_null("refusal", answer.refusal, answer.refusal.empty());
  w.close('}');
  w.field("finish_reason", answer.cut ? "length" : "stop");
  w.close('}');
  w.close(']');
  w.key("usage");
  write_usage(w, answer);
  w.close('}');
}

const Wire kOpenAiChat = {.name = "openai chat",
                          .paths = kChatPaths,
                          .service = kOpenAi,
                          .fields = &kChatFields,
                          .read = read_chat,
                          .write = write_chat};

}  // namespace sluice::wire
