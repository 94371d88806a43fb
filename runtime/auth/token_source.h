// Where something that expires comes from: an exchange of one or several requests, told here without
// I/O and without a clock, so that production and tests drive the same code. refreshed.h carries
// the requests.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/secret.h"

namespace sluice::auth {

// What a request needs to prove itself, for a while.
struct Token {
  core::Secret value;    // the bearer token, or the secret that signs
  std::string key_id;    // whose secret it is, where it signs
  core::Secret session;  // sent beside the signature; may be empty
  core::WallTime expires = core::WallTime::max();
};

// A request of the exchange.
struct TokenCall {
  std::string method;
  std::string base_url;  // "http://169.254.169.254"
  std::string path;      // "/latest/api/token"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool direct = false;      // never by a proxy: a server of the machine's own network
  std::string advice = {};  // what to do when nothing answers; may be empty
  // For this request; else as for all of them (kTokenTimeout in refreshed.h).
  std::optional<core::Duration> timeout = {};
};

struct TokenFailure {
  bool final = false;   // asking again will not help
  std::string message;  // for people; holds no secret
};

using TokenStep = std::variant<TokenCall, Token, TokenFailure>;

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  virtual TokenStep begin(core::WallTime now) = 0;
  // The answer to the last call. `date`: its Date header, empty where it has none.
  virtual TokenStep answered(int status, std::string_view body, std::string_view date,
                             core::WallTime now) = 0;
  // The last call had no answer; `why` names its address.
  virtual TokenStep unanswered(std::string_view why) {
    return TokenFailure{false, "no access token: " + std::string(why)};
  }
};

}  // namespace sluice::auth
