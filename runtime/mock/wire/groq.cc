// Groq's chat completions, at its own path: OpenAI's, but that a tier without room is 498
// (docs/providers.md, Capacity and rate).
#include <array>

#include "wire/calls.h"
#include "wire/openai.h"

namespace sluice::wire {
namespace {

constexpr std::array<std::string_view, 1> kGroqChatPaths = {"/openai/v1/chat/completions"};

http::ServerResponse groq_refuse(const Refusal& refusal) {
  http::ServerResponse response = kOpenAi.refuse(refusal);
  if (refusal.why != Why::capacity) return response;
  response.status = 498;
  response.body =
      openai_error("Flex tier capacity exceeded", "capacity_exceeded", "", "capacity_exceeded");
  return response;
}

void groq_limits(const simulate::Limiter::Levels& levels, core::WallTime wall_now,
                 Headers& headers) {
  kOpenAi.limits(levels, wall_now, headers);
}

std::string_view groq_tier(std::string_view asked) {
  return asked == "auto" ? "on_demand" : asked;
}

}  // namespace

const Service kGroq = {.name = "groq",
                       .refuse = groq_refuse,
                       .limits = groq_limits,
                       .credential = authorization,
                       .tier = groq_tier};

const Wire kGroqChat = {.name = "groq chat",
                        .paths = kGroqChatPaths,
                        .service = kGroq,
                        .fields = &kChatFields,
                        .read = read_chat,
                        .write = write_chat};

}  // namespace sluice::wire
