// Chat completions from the server's side: what a request asks for, and what an answer looks like
// on the wire (docs/providers.md, Requests, Replies). No I/O.
//
// Threads: a ChatReader belongs to one; the rest are plain functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/hash.h"
#include "mock/answer_plan.h"

namespace sluice::mock {

struct ChatRequest {
  std::string model;
  std::string user;  // the last user message
  std::uint64_t prompt_tokens = 0;
  std::optional<std::uint64_t> max_output_tokens;
  std::shared_ptr<const AnswerPlan> plan;  // null = free text
};

// Reads request bodies. Compiled schemas are kept, since all requests of a question share one.
class ChatReader {
 public:
  ChatReader();
  ~ChatReader();
  // nullopt when the body is not JSON, or lacks the model or the messages.
  std::optional<ChatRequest> read(std::string_view body);

 private:
  struct Parser;
  std::shared_ptr<const AnswerPlan> plan_for(std::string_view schema);

  std::unique_ptr<Parser> parser_;
  std::unordered_map<core::Hash128, std::shared_ptr<const AnswerPlan>> plans_;
};

// Four bytes a token, rounded up.
std::uint64_t tokens_of(std::size_t bytes);

struct ChatReply {
  std::uint64_t id = 0;
  std::int64_t created = 0;  // seconds since the epoch
  std::string model;
  std::string content;
  std::string refusal;  // when not empty: instead of the content
  bool cut = false;     // finish_reason "length"
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of the prompt
  std::uint64_t completion_tokens = 0;
  std::uint64_t reasoning_tokens = 0;  // of the completion
};
std::string reply_body(const ChatReply& reply);

std::string error_body(std::string_view message, std::string_view type, std::string_view code);

}  // namespace sluice::mock
