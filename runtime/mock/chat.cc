#include "mock/chat.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "core/json.h"

namespace sluice::mock {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMostPlans = 64;  // then all are dropped: nobody asks so many questions
constexpr std::string_view kFence = "```json-schema\n";
constexpr std::string_view kFenceEnd = "\n```";

// A message's content: a string, or a list of parts of type "text".
std::string content_of(const element& message) {
  std::string_view text;
  if (message["content"].get(text) == simdjson::SUCCESS) return std::string(text);
  std::string joined;
  simdjson::dom::array parts;
  if (message["content"].get(parts) != simdjson::SUCCESS) return joined;
  for (const element part : parts) {
    if (part["text"].get(text) == simdjson::SUCCESS) joined += text;
  }
  return joined;
}

std::optional<std::uint64_t> count_at(const element& object, const char* key) {
  std::uint64_t count = 0;
  if (object[key].get(count) != simdjson::SUCCESS) return std::nullopt;
  return count;
}

// The schema that a system text holds between fences, for endpoints that take none.
std::string_view fenced_schema(std::string_view system) {
  const std::size_t start = system.find(kFence);
  if (start == system.npos) return {};
  const std::string_view rest = system.substr(start + kFence.size());
  return rest.substr(0, std::min(rest.find(kFenceEnd), rest.size()));
}

}  // namespace

struct ChatReader::Parser {
  simdjson::dom::parser parser;
};

ChatReader::ChatReader() : parser_(std::make_unique<Parser>()) {}
ChatReader::~ChatReader() = default;

std::optional<ChatRequest> ChatReader::read(std::string_view body) {
  element document;
  simdjson::dom::array messages;
  std::string_view model;
  if (parser_->parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS ||
      document["model"].get(model) != simdjson::SUCCESS ||
      document["messages"].get(messages) != simdjson::SUCCESS || messages.size() == 0) {
    return std::nullopt;
  }
  ChatRequest request;
  request.model = model;
  std::string system;
  std::size_t bytes = 0;
  for (const element message : messages) {
    std::string_view role;
    if (message["role"].get(role) != simdjson::SUCCESS) return std::nullopt;
    std::string content = content_of(message);
    bytes += content.size();
    if (role == "user") {
      request.user = std::move(content);
    } else {
      system += content;
    }
  }
  request.prompt_tokens = tokens_of(bytes);
  request.max_output_tokens = count_at(document, "max_completion_tokens");
  if (!request.max_output_tokens) request.max_output_tokens = count_at(document, "max_tokens");

  element schema;
  if (document["response_format"]["json_schema"]["schema"].get(schema) == simdjson::SUCCESS) {
    request.plan = plan_for(simdjson::minify(schema));
  } else if (const auto fenced = fenced_schema(system); !fenced.empty()) {
    request.plan = plan_for(fenced);
  }
  return request;
}

std::shared_ptr<const AnswerPlan> ChatReader::plan_for(std::string_view schema) {
  const core::Hash128 key = core::hash128(schema);
  if (const auto known = plans_.find(key); known != plans_.end()) return known->second;
  if (plans_.size() >= kMostPlans) plans_.clear();
  std::shared_ptr<const AnswerPlan> plan;
  if (auto compiled = AnswerPlan::compile(schema)) {
    plan = std::make_shared<const AnswerPlan>(std::move(*compiled));
  }
  plans_.emplace(key, plan);
  return plan;
}

std::uint64_t tokens_of(std::size_t bytes) {
  return (bytes + 3) / 4;
}

std::string reply_body(const ChatReply& reply) {
  std::string out;
  out.reserve(reply.content.size() + reply.content.size() / 4 + 512);
  core::JsonWriter w(out);
  w.open('{');
  w.field("id", fmt::format("chatcmpl-{:016x}", reply.id));
  w.field("object", "chat.completion");
  w.field("created", reply.created);
  w.field("model", reply.model);
  w.key("choices");
  w.open('[');
  w.open('{');
  w.field("index", 0);
  w.key("message");
  w.open('{');
  w.field("role", "assistant");
  const auto text_or_null = [&](const char* name, const std::string& text, bool is_null) {
    w.key(name);
    if (is_null) {
      w.null();
    } else {
      w.value(text);
    }
  };
  text_or_null("content", reply.content, !reply.refusal.empty());
  text_or_null("refusal", reply.refusal, reply.refusal.empty());
  w.close('}');
  w.field("finish_reason", reply.cut ? "length" : "stop");
  w.close('}');
  w.close(']');
  w.key("usage");
  w.open('{');
  w.field("prompt_tokens", reply.prompt_tokens);
  w.field("completion_tokens", reply.completion_tokens);
  w.field("total_tokens", reply.prompt_tokens + reply.completion_tokens);
  w.key("prompt_tokens_details");
  w.raw(fmt::format(R"({{"cached_tokens":{}}})", reply.cached_tokens));
  w.key("completion_tokens_details");
  w.raw(fmt::format(R"({{"reasoning_tokens":{}}})", reply.reasoning_tokens));
  w.close('}');
  w.close('}');
  return out;
}

std::string error_body(std::string_view message, std::string_view type, std::string_view code) {
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.key("error");
  w.open('{');
  w.field("message", message);
  w.field("type", type);
  w.key("param");
  w.null();
  w.key("code");
  if (code.empty()) {
    w.null();
  } else {
    w.value(code);
  }
  w.close('}');
  w.close('}');
  return out;
}

}  // namespace sluice::mock
