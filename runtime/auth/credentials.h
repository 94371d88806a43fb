// Proves who asks, one request at a time: a key that never changes, a token that expires, a
// signature over the request itself. Which of them an endpoint has is in make_credentials.h.
//
// Threads: the loop's. Nothing here is ever logged.
//
// Invariants:
//   1. What all wait for is fetched once: of any number of refresh() calls one exchange runs.
//   2. A token that a server has refused is never used again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/clock.h"
#include "provider/outcome.h"

namespace sluice::auth {

// Name, in any case, and value.
using SigningHeader = std::pair<std::string_view, std::string_view>;

// A request as it will be written, for what signs it.
struct RequestView {
  std::string_view method;
  std::string_view authority;                                // as the Host header has it
  std::string_view path;                                     // and query, as written
  std::span<const std::shared_ptr<const std::string>> body;  // in pieces
  std::span<const SigningHeader> headers = {};               // of its own, where they are signed
};

struct Proof {
  // All header lines of the request, each ended by CRLF: those that the codec gives and those that
  // prove who asks.
  std::shared_ptr<const std::string> headers;
  std::uint64_t token = 0;  // what it rests on, for refused() and accepted()
};

class Credentials {
 public:
  virtual ~Credentials() = default;
  // nullopt: there is nothing valid now; refresh() gets it.
  virtual std::optional<Proof> prove(const RequestView& request, core::WallTime now) = 0;
  // Fetches something newer. `done` is called once, never from within: without an outcome when
  // prove() has something, else with that of the requests that waited for it. Not called any more
  // when this has been destroyed.
  using Refreshed = std::function<void(std::optional<provider::Outcome>)>;
  virtual void refresh(Refreshed done) = 0;
  // The server has refused the request that carried `token`. True: worth another try, with
  // something newer.
  virtual bool refused(std::uint64_t token) = 0;
  // The server has answered a request that carried `token`.
  virtual void accepted(std::uint64_t token) = 0;
};

}  // namespace sluice::auth
