// Whose server a base URL names. One wire format is spoken with many accents (docs/providers.md, Services):
// what differs (units of rate headers, fields accepted, error codes) is looked up by this.
// Plain functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::provider {

enum class Service : std::uint8_t {
  other,  // a local server (vLLM, SGLang, llama.cpp, Ollama), a proxy, the mock
  openai,
  azure,
  anthropic,
  groq,
  cerebras,
  sambanova,
  together,
  fireworks,
  xai,
  mistral,
  deepseek,
  openrouter,
  google,
};

// By the host of `base_url` alone; `other` for what is no known host.
Service service_of(std::string_view base_url);

}  // namespace sluice::provider
