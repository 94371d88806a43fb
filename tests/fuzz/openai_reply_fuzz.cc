#include <array>

#include "reply_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::provider;
  static constexpr std::array<std::string_view, 12> kBaseUrls = {
      "https://api.openai.com/v1",
      "https://r.openai.azure.com/openai/v1",
      "https://api.groq.com/openai/v1",
      "https://api.cerebras.ai/v1",
      "https://api.together.xyz/v1",
      "https://api.fireworks.ai/inference/v1",
      "https://api.x.ai/v1",
      "https://api.mistral.ai/v1",
      "https://api.deepseek.com",
      "https://openrouter.ai/api/v1",
      "https://g.googleapis.com/openai",
      "http://127.0.0.1:8000/v1"};
  fuzz_reply(Dialect::openai_chat, kBaseUrls, {reinterpret_cast<const char*>(data), size});
  return 0;
}
