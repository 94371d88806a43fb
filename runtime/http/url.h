// The base URL of an origin: "http://host[:port][/path]" or "https://…".
//
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::http {

struct Url {
  bool tls = false;
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;
  std::string path;  // empty, or "/…" without a trailing slash

  bool is_ipv6() const { return host.find(':') != std::string::npos; }
  // As the Host header has it: brackets around IPv6, the port unless it is the scheme's own.
  std::string authority() const;
  // Always with the port, as CONNECT has it.
  std::string host_and_port() const;
};

// ErrorCode::pipeline, with what is wrong, for anything that cannot be a base URL. Refused as well:
// user:password@ (it would end up in logs; keys travel in headers), a query, a fragment.
core::Result<Url> parse_url(std::string_view text);

}  // namespace sluice::http
