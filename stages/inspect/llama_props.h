// What a llama.cpp server says of itself: the answer to GET /props, which lies beside /v1 (docs/providers.md, llama.cpp).
//
// Threads: pure functions; any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::inspect {

struct LlamaProps {
  std::optional<int> slots;        // requests that run at once
  std::optional<int> slot_tokens;  // of a prompt and its answer
};
// What is missing or no number above 0 stays empty.
LlamaProps read_llama_props(std::string_view json);

// Of the address that chat completions are asked at: without /v1.
std::string llama_root(std::string_view base_url);

}  // namespace sluice::inspect
