// What the calls of OpenAI's API, and those of the services that copy it, have in common.
//
// Threads: plain functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/wire.h"

namespace sluice::wire {

// {"error":{"message","type","param","code"}}; what is empty is null.
std::string openai_error(std::string_view message, std::string_view type, std::string_view field,
                         std::string_view code);

// How OpenAI words a mistake, and the code that it has for it.
struct Wording {
  std::string message;
  std::string field;
  std::string code;
};
Wording openai_wording(const Mistake& mistake);

// What is wrong with a strict schema, in OpenAI's words; `name` is the schema's.
std::optional<std::string> openai_schema_mistake(const Element& schema, std::string_view name);

extern const Fields kChatFields;
extern const Fields kDeploymentChatFields;  // the model stands in the path
std::expected<Asked, Refusal> read_chat(const Request& request);
void write_chat(const Asked& asked, const Answer& answer, http::ServerResponse& response);

// openai_responses_reply.cc
void write_responses(const Asked& asked, const Answer& answer, http::ServerResponse& response);

extern const Fields kEmbeddingsFields;
extern const Fields kDeploymentEmbeddingsFields;
std::expected<Asked, Refusal> read_embeddings(const Request& request);
void write_embeddings(const Asked& asked, const Answer& answer, http::ServerResponse& response);

}  // namespace sluice::wire
