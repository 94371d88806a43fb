// The addresses of one host. Look-ups for the same host that come while one is under way share it,
// and its result serves for a few seconds: a pool that opens 256 connections asks once.
//
// Threads: the loop's. May be destroyed while a look-up is under way: those who wait hear nothing
// more.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/name_lookup.h"

namespace sluice::net {

using Addresses = std::shared_ptr<const std::vector<sockaddr_storage>>;

// The families by turns, beginning with that of the first (RFC 8305 §4): where one family leads
// nowhere, the other's turn comes soon.
std::vector<sockaddr_storage> interleave_families(const std::vector<sockaddr_storage>& addresses);

class Resolver {
 public:
  // `status` is 0 or libuv's error; `addresses` are in the order to try them.
  using Done = std::function<void(int status, const Addresses& addresses)>;

  Resolver(Loop& loop, NameLookup& lookup, std::string host, std::uint16_t port);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `done` later, or before it returns when the addresses are known.
  void resolve(Done done);
  // None of these addresses would do: the next resolve() asks anew, unless that has been done.
  // False when asking again is of no use: the host is an address itself.
  bool forget(const Addresses& addresses);

 private:
  void finish(int status, std::vector<sockaddr_storage> found);

  Loop& loop_;
  NameLookup& lookup_;
  std::string host_;
  std::uint16_t port_;
  bool literal_ = false;  // the host is an address: known for good
  Addresses known_;
  std::uint64_t known_until_ms_ = 0;
  std::vector<Done> waiting_;
  std::shared_ptr<void> asking_;
};

}  // namespace sluice::net
