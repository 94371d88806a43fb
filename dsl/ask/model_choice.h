// Which endpoint a model's name means: gpt-5.4-mini is OpenAI's, groq/llama-3.3-70b-versatile is
// Groq's, and with a base URL it is whatever stands there.
//
// Threads: any; a pure function.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::ask {

// As the command line gives it; what is not given is empty.
struct ModelRequest {
  std::string model;     // "gpt-5.4-mini", "groq/llama-3.3-70b-versatile"
  std::string endpoint;  // "groq": a constructor's name
  std::string base_url;
  std::string key_variable;
};

struct ModelChoice {
  std::string constructor;   // "openai" of s.openai
  std::string model;         // as it is sent
  std::string base_url;      // empty: the constructor's own
  std::string key_variable;  // empty: no key
};

// ErrorCode::usage where the name means none or several: it says which there are.
core::Result<ModelChoice> choose_endpoint(const ModelRequest& request);

// For people, where a service's key is there and is not sent, since the address is no known
// service's, nor on this machine: which one, and how to send it. Else empty. `is_set`: whether an
// environment variable is; its value is not asked for.
std::string unsent_key(const ModelChoice& choice,
                       const std::function<bool(std::string_view variable)>& is_set);

}  // namespace sluice::ask
