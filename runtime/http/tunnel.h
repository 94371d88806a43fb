// Asks a proxy for a tunnel to an origin (CONNECT, RFC 9110 §9.3.6) over a socket that is connected
// to the proxy.
//
// Threads: the loop's.
//
// Invariants:
//   1. It ends in exactly one call on its Owner, which may destroy it there.
//   2. No byte that comes behind the proxy's answer is taken: the origin does not speak first, so
//      such a proxy is refused.
#pragma once

#include <memory>
#include <string>

#include "http/message_parser.h"
#include "net/transport.h"

namespace sluice::http {

class Tunnel final : net::Transport::Events, MessageParser::Sink {
 public:
  class Owner {
   public:
    virtual void on_tunnel(net::Socket::Ptr socket) = 0;
    // `why` continues "the proxy NAME …".
    virtual void on_no_tunnel(std::string why) = 0;

   protected:
    ~Owner() = default;
  };

  // `target` is the origin's host:port, `headers` complete lines for the proxy.
  Tunnel(net::Loop::Impl& loop, net::Socket::Ptr socket, const std::string& target,
         const std::string& headers, Owner& owner);
  void start();  // may end at once

 private:
  void on_ready() override;
  void on_bytes(std::string_view bytes) override;
  void on_end(const net::Transport::End& end) override;
  void on_drained() override {}
  bool on_head(MessageHead&& head) override;
  bool on_body(std::string_view) override { return true; }

  Owner& owner_;
  std::string request_;
  std::string target_;
  net::Transport transport_;
  MessageParser parser_;
  int status_ = 0;
};

// What a proxy's refusal means to the user, behind its status: " (…)", or nothing.
std::string_view refusal_message(int status);

}  // namespace sluice::http
