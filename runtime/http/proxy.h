// An HTTP proxy on the way to an origin: "http://[user:password@]host[:port]".
//
// Threads: plain values. The credential is a Secret and stands in no message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/secret.h"

namespace sluice::http {

struct Proxy {
  std::string host;  // lower case, without brackets
  std::uint16_t port = 80;
  core::Secret authorization;  // value of the header Proxy-Authorization; empty: none

  std::string name() const;     // "host:port": for messages
  std::string headers() const;  // complete lines for the proxy, maybe none
};

// The scheme may be left out, as it often is in environments. ErrorCode::pipeline with words that
// continue "the proxy …" and do not repeat the text, which may hold a password.
core::Result<Proxy> parse_proxy(std::string_view text);

}  // namespace sluice::http
