// Where the names of hosts become addresses: the system's resolver, or what a test puts in its
// place.
//
// Threads: the loop's (the system's resolver works on libuv's own threads).
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"

namespace sluice::net {

class NameLookup {
 public:
  // `status` is 0 or libuv's error; the addresses come in the order of preference, ports unset.
  using Done = std::function<void(int status, std::vector<sockaddr_storage> addresses)>;

  virtual ~NameLookup() = default;
  // Calls `done` once, and never inside ask(); or not at all, when what ask() returned goes first.
  virtual std::shared_ptr<void> ask(Loop& loop, const std::string& host, Done done) = 0;
};

// getaddrinfo(): /etc/hosts, DNS, whatever the system has been told to use.
NameLookup& system_lookup();

}  // namespace sluice::net
