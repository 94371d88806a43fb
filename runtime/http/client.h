// HTTP/1.1 client on a Loop: a keep-alive pool per origin, TLS with verified certificates and host
// names, proxies, connect / first-byte / idle / total timeouts, gzip answers.
//
// Threads: everything on the loop's thread; callbacks come there too. A Client must outlive none of
// its callbacks: its destructor cancels what is in flight, and each callback still runs once
// (Failure::cancelled). Callbacks never run inside send() or cancel(); a callback may send, cancel,
// or destroy the client.
//
// Invariants:
//   1. Every send() ends in exactly one callback.
//   2. A request is written at most once: the client itself never retries. (A POST may have been
//      run and billed; only the scheduler decides to repeat it.) The one exception: a kept-alive
//      connection that the server had closed before a single byte of the request was accepted is
//      replaced silently.
//   3. At most `max_connections` sockets per origin; further sends wait in order. (While several
//      addresses of a name are tried at once, each attempt is counted as one.)
//   4. A timeout is acted upon only after all that had come to the sockets by then has been read: a
//      loop that was held up does not take for silent those who have answered.
//
// With a proxy, all connections of the origin go to it: an https origin is reached through a tunnel
// (CONNECT) with TLS from end to end, an http origin by requests in absolute form.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "http/headers.h"
#include "http/proxy.h"
#include "net/loop.h"

namespace sluice::net {
class NameLookup;
}

namespace sluice::http {

struct OriginOptions {
  std::string base_url;  // "http://host[:port][/path]" or "https://…"; IPv6 in brackets
  std::string ca_file;   // PEM; empty = the system's certificates
  std::optional<Proxy> proxy;
  // DNS, TCP, the proxy's tunnel and TLS together.
  core::Duration connect_timeout = std::chrono::seconds(10);
  // From the last byte of the request written to the first byte of the answer; nullopt: no limit of
  // its own.
  std::optional<core::Duration> first_byte_timeout;
  core::Duration idle_timeout = std::chrono::seconds(60);    // no byte in either direction
  core::Duration total_timeout = std::chrono::seconds(120);  // from send() called to the last byte
  std::size_t max_connections = 256;
  std::size_t max_response_bytes = 64 * 1024 * 1024;  // after inflation
  std::string accept_encoding = "gzip";
  // Else bodies are handed over as they were sent, whatever their Content-Encoding: what is a file's own
  // compression, or a part of it.
  bool inflates = true;
};

struct Request {
  std::string method = "POST";
  std::string path;  // appended to the base URL's path
  // Extra header lines, complete, each ended by CRLF; no Host, Content-Length, Connection or
  // Accept-Encoding (the client writes these).
  std::shared_ptr<const std::string> headers;
  // The body, in pieces that are written one after the other without being joined.
  std::vector<std::shared_ptr<const std::string>> body;
  // What follows `body`, too much to be held: `more_bytes` in all, asked for piece by piece, from an
  // offset on, as the server takes it. Null or nothing before that ends the request with
  // Failure::cancelled.
  std::uint64_t more_bytes = 0;
  std::function<std::shared_ptr<const std::string>(std::uint64_t offset)> more = {};
  // Takes the body of an answer with status 200 to 299 as it comes, inflated, in place of
  // Response::body; max_response_bytes does not bound it. False ends the request with
  // Failure::cancelled.
  std::function<bool(std::string_view)> sink = {};
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;  // inflated
};

struct Failure {
  enum class Kind : std::uint8_t {
    dns,
    connect,  // or the proxy's tunnel, or the TLS handshake, ended before there was a connection
    tls,      // no TLS with this server, now or later: its certificate, name or version
    timeout,
    reset,
    protocol,
    too_large,
    cancelled
  };
  Kind kind = Kind::connect;
  std::string message;  // for people; holds no header and no body
  bool sent = false;  // at least one byte of the request was handed to the kernel (over TLS: of the
                      // request, not the handshake)
  bool answering = false;  // at least one byte of a response had come
};

using Callback = std::function<void(std::expected<Response, Failure>)>;
using RequestHandle = std::uint64_t;

class Client {
 public:
  explicit Client(net::Loop& loop);
  // Asks `lookup` for addresses, which must outlive it, instead of the system.
  Client(net::Loop& loop, net::NameLookup& lookup);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Fails with ErrorCode::pipeline on a URL that cannot be used, ErrorCode::io on an unreadable CA
  // file.
  core::Result<std::size_t> add_origin(const OriginOptions& options);
  RequestHandle send(std::size_t origin, Request request, Callback done);
  // Ends the request with Failure::cancelled, soon (its connection is closed at once). No effect
  // when it has ended.
  void cancel(RequestHandle handle);

  struct Counts {
    std::uint64_t connections_opened = 0;
    std::uint64_t connections_open = 0;  // now, idle or busy, over all origins
    std::uint64_t tls_handshakes = 0;
    std::uint64_t tls_resumed = 0;
  };
  Counts counts() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with what it has posted to the loop
};

}  // namespace sluice::http
