// What all calls of one provider's API share, as data: how it takes the key, what its errors look
// like, which headers report its limits. The facts are docs/providers.md's.
//
// Threads: constant data and plain functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "http/server.h"
#include "simulate/openai_limiter.h"
#include "wire/fields.h"

namespace sluice::wire {

// Why a request is refused, in no provider's words.
enum class Why : std::uint8_t {
  bad_request,
  bad_key,
  expired_token,  // or one that nobody issued
  bad_signature,
  unknown_path,
  wrong_method,
  not_found,  // what the path names: a file, a batch
  conflict,   // with the state that it is in
  rate_limit,
  capacity,  // of a tier: for now it has no room
  server_error,
};

struct Refusal {
  Why why = Why::bad_request;
  std::uint64_t id = 0;            // of the request
  std::string message;             // empty: the service's own words for it
  std::optional<Mistake> mistake;  // what is wrong with a field
  std::string code;                // of a bad request, where the provider has a code for it
  std::string field;               // the field that it is about, where there is no mistake
  // rate_limit:
  core::Duration wait{};  // until it would be admitted; zero = is not said
  std::string kind;       // "requests" or "tokens"
  bool never = false;     // larger than a whole minute's limit
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// What came to prove who asks.
struct Credential {
  enum class Kind : std::uint8_t { none, key, bearer, signature, several };
  Kind kind = Kind::none;
  std::string_view value;  // without "Bearer "; borrowed from the request
};

struct Service {
  std::string_view name;  // "anthropic"
  http::ServerResponse (*refuse)(const Refusal& refusal) = nullptr;
  // Appends the headers that report the limits; null = it has none.
  void (*limits)(const simulate::Limiter::Levels& levels, core::WallTime wall_now,
                 Headers& headers) = nullptr;
  Credential (*credential)(const http::ServerRequest& request) = nullptr;
  // The tier that a request is served at by the one that it names, or by none: empty = is not told.
  std::string_view (*tier)(std::string_view asked) = nullptr;
};

extern const Service kOpenAi;
extern const Service kAnthropic;
extern const Service kGemini;
extern const Service kVertex;
extern const Service kBedrock;
extern const Service kAzure;
extern const Service kMistral;
extern const Service kGroq;

// For the services' own files.
http::ServerResponse json_response(int status, std::string body);
// "Bearer KEY", or an AWS signature; else none.
Credential authorization(const http::ServerRequest& request);
// retry-after in whole seconds, rounded up; nothing for zero.
void append_retry_after(core::Duration wait, Headers& headers);
// "Rate limit reached on requests per min. …".
std::string rate_limit_text(const Refusal& refusal);
// The value of a query parameter; nullopt = it is not there.
std::optional<std::string_view> query_value(std::string_view target, std::string_view name);

}  // namespace sluice::wire
