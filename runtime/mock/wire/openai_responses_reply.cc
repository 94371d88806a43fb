// What POST /v1/responses answers: a response, or the events of a stream that builds one up
// (docs/providers.md, Responses).
#include <fmt/format.h>

#include "core/json.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

// --- What a response is made of

std::string item_id(const Answer& answer, std::string_view kind) {
  return fmt::format("{}_{:016x}", kind, answer.id);
}

std::string_view end_of(const Answer& answer) {
  return answer.cut ? "incomplete" : "completed";
}

std::string_view text_in(const Answer& answer) {
  return answer.refusal.empty() ? answer.text : answer.refusal;
}

// Reasoning alone may have taken the whole output limit.
bool has_message(const Answer& answer) {
  return !text_in(answer).empty() || !answer.cut;
}

std::string reasoning_item(const Answer& answer) {
  return fmt::format(R"({{"id":"{}","type":"reasoning","summary":[]}})", item_id(answer, "rs"));
}

std::string part_of(const Answer& answer, std::string_view text) {
  const bool refused = !answer.refusal.empty();
  std::string out;
  core::JsonWriter w(out);
  w.open('{');
  w.field("type", refused ? "refusal" : "output_text");
  w.field(refused ? "refusal" : "text", text);
  if (!refused) {
    w.key("annotations");
    w.raw("[]");
  }
  w.close('}');
  return out;
}

std::string message_item(const Answer& answer, std::string_view status, std::string_view content) {
  return fmt::format(
      R"({{"id":"{}","type":"message","status":"{}","role":"assistant","content":[{}]}})",
      item_id(answer, "msg"), status, content);
}

std::string items_of(const Answer& answer) {
  std::string items;
  if (answer.reasoning > 0) items += reasoning_item(answer);
  if (!has_message(answer)) return items;
  if (!items.empty()) items += ',';
  return items + message_item(answer, end_of(answer), part_of(answer, text_in(answer)));
}

std::string usage_of(const Answer& answer) {
  return fmt::format(
      R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":{},"cache_write_tokens":0}},)"
      R"("output_tokens":{},"output_tokens_details":{{"reasoning_tokens":{}}},"total_tokens":{}}})",
      answer.input, answer.cached, answer.output, answer.reasoning, answer.input + answer.output);
}

// `ended`: as it is at last; else as a stream begins, without output and usage.
std::string response_of(const Asked& asked, const Answer& answer, bool ended) {
  std::string out;
  core::JsonWriter w(out);
  const auto null = [&](const char* name) {
    w.key(name);
    w.null();
  };
  w.open('{');
  w.field("id", item_id(answer, "resp"));
  w.field("object", "response");
  w.field("created_at", answer.created);
  w.field("status", ended ? end_of(answer) : "in_progress");
  null("error");
  w.key("incomplete_details");
  w.raw(ended && answer.cut ? R"({"reason":"max_output_tokens"})" : "null");
  null("instructions");
  w.key("max_output_tokens");
  w.raw(asked.max_output_tokens ? std::to_string(*asked.max_output_tokens) : "null");
  w.field("model", answer.model);
  w.key("output");
  w.raw(fmt::format("[{}]", ended ? items_of(answer) : ""));
  w.field("parallel_tool_calls", true);
  null("previous_response_id");
  w.field("service_tier",
          answer.tier.empty() ? std::string_view("default") : std::string_view(answer.tier));
  w.field("temperature", 1.0);
  w.field("tool_choice", "auto");
  w.key("tools");
  w.raw("[]");
  w.field("top_p", 1.0);
  w.field("truncation", "disabled");
  w.key("usage");
  w.raw(ended ? usage_of(answer) : "null");
  w.key("metadata");
  w.raw("{}");
  w.close('}');
  return out;
}

// --- A stream: every event has its type and its number

class Events {
 public:
  explicit Events(std::string& out) : out_(out) {}
  // `fields`: what it has beside these two.
  void append(std::string_view type, std::string_view fields) {
    append_event(
        out_, type,
        fmt::format(R"({{"type":"{}","sequence_number":{},{}}})", type, number_++, fields));
  }

 private:
  std::string& out_;
  int number_ = 0;
};

std::string text_field(std::string_view name, std::string_view text) {
  std::string out = fmt::format(R"("{}":)", name);
  core::append_json_string(out, text);
  return out;
}

void stream_message(const Answer& answer, int index, Events& events) {
  const bool refused = !answer.refusal.empty();
  const std::string item = fmt::format(R"("output_index":{})", index);
  const std::string part =
      fmt::format(R"("item_id":"{}",{},"content_index":0)", item_id(answer, "msg"), item);
  // Tokens' probabilities, which are never asked for, are in the events of texts alone.
  const std::string_view rest = refused ? "" : R"(,"logprobs":[])";
  const std::string kind = refused ? "response.refusal" : "response.output_text";
  const std::string whole = part_of(answer, text_in(answer));
  events.append("response.output_item.added",
                item + R"(,"item":)" + message_item(answer, "in_progress", ""));
  events.append("response.content_part.added", part + R"(,"part":)" + part_of(answer, ""));
  for (const std::string_view piece : pieces_of(text_in(answer)))
    events.append(kind + ".delta", fmt::format("{},{}{}", part, text_field("delta", piece), rest));
  events.append(kind + ".done",
                fmt::format("{},{}{}", part,
                            text_field(refused ? "refusal" : "text", text_in(answer)), rest));
  events.append("response.content_part.done", part + R"(,"part":)" + whole);
  events.append("response.output_item.done",
                item + R"(,"item":)" + message_item(answer, end_of(answer), whole));
}

void write_response_stream(const Asked& asked, const Answer& answer, std::string& out) {
  Events events(out);
  const std::string begun = R"("response":)" + response_of(asked, answer, false);
  events.append("response.created", begun);
  events.append("response.in_progress", begun);
  int index = 0;
  if (answer.reasoning > 0) {
    const std::string item =
        fmt::format(R"("output_index":{},"item":{})", index++, reasoning_item(answer));
    events.append("response.output_item.added", item);
    events.append("response.output_item.done", item);
  }
  if (has_message(answer)) stream_message(answer, index, events);
  events.append(answer.cut ? "response.incomplete" : "response.completed",
                R"("response":)" + response_of(asked, answer, true));
}

}  // namespace

void write_responses(const Asked& asked, const Answer& answer, http::ServerResponse& response) {
  response.headers.emplace_back("x-request-id", fmt::format("req_{:016x}", answer.id));
  if (!asked.stream) {
    response.body = response_of(asked, answer, true);
    return;
  }
  response.content_type = "text/event-stream";
  write_response_stream(asked, answer, response.body);
}

}  // namespace sluice::wire
