// The addresses of one host. Look-ups for the same host that come while one is under way share it,
// and its result serves for a few seconds: a pool that opens 256 connections asks once.
//
// Threads: the loop's (libuv asks on its own threads). May be destroyed while a look-up is under
// way: those who wait hear nothing more.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/loop_impl.h"

namespace sluice::http {

using Addresses = std::shared_ptr<const std::vector<sockaddr_storage>>;

class Resolver {
 public:
  // `status` is 0 or libuv's error; `addresses` are in the order to try them.
  using Done = std::function<void(int status, const Addresses& addresses)>;

  Resolver(Loop::Impl& loop, std::string host, std::uint16_t port);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `done` later, or before it returns when the addresses are known.
  void resolve(Done done);
  // None of the addresses would do: the next resolve() asks again.
  void forget() {
    if (!literal_) known_ = nullptr;
  }

 private:
  struct Lookup;
  void start();
  void finish(int status, addrinfo* found);

  Loop::Impl& loop_;
  std::string host_;
  std::uint16_t port_;
  bool literal_ = false;  // the host is an address: known for good
  Addresses known_;
  std::uint64_t known_until_ms_ = 0;
  std::vector<Done> waiting_;
  Lookup* lookup_ = nullptr;
};

}  // namespace sluice::http
