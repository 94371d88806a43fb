// Opens one connection to a server: name look-up, its addresses, TLS; or a Unix socket.
//
//   start() ──▶ looking up ──on_addresses()──▶ dialing ──on_dialed()──▶ TLS ──on_ready()──▶ connected
//
// Threads: the loop's.
//
// Invariants:
//   1. It ends in on_connected() or on_not_connected(), in which its Owner lets go of it; or the owner lets go
//      of it first, and no call comes.
//   2. It knows no deadline: its owner does.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/dialer.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "net/transport.h"
#include "redis/url.h"

namespace sluice::redis {

class Connector final : public std::enable_shared_from_this<Connector>,
                        public net::Dialer::Owner,
                        public net::Transport::Events {
 public:
  class Owner {
   public:
    virtual void on_connected(std::unique_ptr<net::Transport> transport) = 0;
    // `final`: it will be the same next time.
    virtual void on_not_connected(std::string message, bool final) = 0;

   protected:
    ~Owner() = default;
  };

  // `url`, `resolver` and `sessions` must outlive it; `tls` may be null.
  Connector(net::Loop& loop, const Url& url, net::Resolver& resolver, net::TlsContext tls,
            net::TlsSessionCache& sessions, Owner& owner);

  void start();  // may end at once
  // How far it has come, for a message: "still looking up its name".
  std::string progress() const;

 private:
  void on_addresses(int status, const net::Addresses& addresses);
  void begin(net::Socket::Ptr socket);
  void open_local();
  void on_dialed(net::Socket::Ptr socket) override;
  void on_not_dialed(bool out_of_files) override;
  void on_next_wanted() override;

  void on_ready() override;
  void on_bytes(std::string_view bytes) override;
  void on_end(const net::Transport::End& end) override;
  void on_drained() override {}
  void fail(const std::string& why, bool final = false);

  net::Loop& loop_;
  const Url& url_;
  net::Resolver& resolver_;
  const net::TlsContext tls_;
  net::TlsSessionCache& sessions_;
  Owner& owner_;
  std::unique_ptr<net::Loop::Timer> next_;
  std::optional<net::Dialer> dialer_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace sluice::redis
