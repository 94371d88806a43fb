// A small HTTP/1.1 server on a Loop, for the mock and for the listener of a run: keep-alive, pipelined
// requests answered in order, optional TLS, answers that may come later. A peer that does not take in
// what it has asked for is not read from any more, so that what it costs is bounded.
//
// Threads: everything on the loop's thread.
#pragma once

#include <cstdint>
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
#include "net/loop.h"

namespace sluice::http {

struct ServerRequest {
  std::string method;
  std::string target;  // path and query as sent
  Headers headers;
  std::string body;
};

struct ServerResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Answers one request, once, now or later. Answering after the peer has gone is harmless. A
// Responder that is let go of without an answer answers 500, so that no peer waits for ever.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void respond(const ServerResponse& response) = 0;
  // Sends the head and the first `body_bytes` of the body as soon as it is this request's turn; the
  // rest comes with respond(), with the same response. For streams.
  virtual void respond_until(const ServerResponse& response, std::size_t body_bytes) = 0;
  // As that, then nothing more: the rest is left to reset(), or never comes. For tests and for the
  // mock's faults.
  virtual void respond_in_part(const ServerResponse& response, std::size_t body_bytes) = 0;
  // Ends the connection with a TCP reset, without (or in the middle of) an answer.
  virtual void reset() = 0;
};

using Handler = std::function<void(ServerRequest, std::shared_ptr<Responder>)>;

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                  // 0 = any free one
  std::string certificate_file;  // PEM chain; with key_file turns TLS on
  std::string key_file;
  bool session_tickets = true;                    // TLS 1.3 sessions can be resumed
  std::size_t max_body_bytes = 64 * 1024 * 1024;  // larger: 413 and close
  // The same of one request, by its method and target; null = max_body_bytes for all.
  std::function<std::size_t(std::string_view method, std::string_view target)> max_body_of = {};
  // 0 = as many as come. Else, when one more comes, the one goes that has let the server wait for longest.
  std::size_t max_connections = 0;
  // For a peer to send a request whole, counted from the answer before, and to take in an answer:
  // then the connection is closed, whatever it was doing. nullopt = for ever.
  std::optional<core::Duration> patience = std::nullopt;
  // For a peer to take in the last answer and to close, before it is cut off.
  core::Duration goodbye = std::chrono::seconds(2);
};

class Server {
 public:
  static core::Result<std::unique_ptr<Server>> listen(net::Loop& loop, const ServerOptions& options,
                                                      Handler handler);
  virtual ~Server() = default;  // closes the listener and every connection
  virtual int port() const = 0;
};

}  // namespace sluice::http
