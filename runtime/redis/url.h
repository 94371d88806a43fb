// Where a Redis server is and what it is asked as:
//
//   redis://[[user]:password@]host[:port][/database]     rediss:// the same over TLS
//   unix:/path/to/socket                                  or unix://[[user]:password@]/path?db=N
//
// Threads: plain values. `password` never stands in a message, `shown()` never holds it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::redis {

struct Url {
  bool tls = false;
  std::string host = {};  // a name or an address, IPv6 without brackets; empty with `path`
  std::uint16_t port = 6379;
  std::string path = {};  // of a Unix socket
  std::string user = {};  // empty: the default user
  std::string password = {};
  int database = 0;

  // For messages: "redis://host:6379/2", "unix:/run/redis.sock".
  std::string shown() const;
};

// ErrorCode::pipeline with what is wrong. The message does not repeat the text, which may hold a password.
core::Result<Url> parse_url(std::string_view text);

}  // namespace sluice::redis
