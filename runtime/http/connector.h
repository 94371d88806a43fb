// Opens one connection: name look-up, the addresses of the name, the proxy's tunnel, TLS.
//
//   start() ──▶ looking up ──on_addresses()──▶ dialing ──on_dialed()──▶ tunnel ──on_tunnel()──▶ TLS
//                    ▲                            │
//                    └──────on_not_dialed()───────┘
//
// The way back is taken once, when the addresses were remembered ones. The tunnel is for https
// through a proxy, TLS for https.
//
// Threads: the loop's.
//
// Invariants:
//   1. It ends in on_connected() or on_not_connected(), in which its Owner lets go of it; or the
//      owner lets go of it first, and hears nothing.
//   2. The whole takes no longer than `limit_ms`: the owner calls expire() then.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"
#include "http/proxy.h"
#include "http/tunnel.h"
#include "http/url.h"
#include "net/dialer.h"
#include "net/intrusive_list.h"
#include "net/resolver.h"

namespace sluice::http {

// What all connections of an origin have in common.
struct Route {
  Url url;
  std::optional<Proxy> proxy;

  bool tunnelled() const { return proxy && url.tls; }
  // Whom the socket is connected to, in messages.
  std::string peer() const { return proxy ? "the proxy " + proxy->name() : url.authority(); }
};

class Connector final : public std::enable_shared_from_this<Connector>,
                        public net::Dialer::Owner,
                        public Tunnel::Owner,
                        public net::Transport::Events {
 public:
  class Owner {
   public:
    virtual void on_connected(Connector& connector, std::unique_ptr<net::Transport> transport) = 0;
    virtual void on_not_connected(Connector& connector, Failure::Kind kind,
                                  std::string message) = 0;
    // Wants start_next() in kNextAddressMs.
    virtual void on_next_wanted(Connector& connector) = 0;
    virtual std::unique_ptr<net::Tls> make_tls() = 0;  // null without TLS
    virtual std::string out_of_files() = 0;            // what to do about it

   protected:
    ~Owner() = default;
  };

  // `route` and `resolver` must outlive it.
  Connector(net::Loop::Impl& loop, const Route& route, net::Resolver& resolver,
            std::uint64_t limit_ms, Owner& owner);

  void start();       // may end at once
  void start_next();  // as wanted; may end at once
  void expire();      // deadline_ms() has come
  std::uint64_t deadline_ms() const { return deadline_ms_; }

  // The owner's: its place among the connectors, which are in order of deadline, and among those
  // that want their next address tried.
  std::list<std::shared_ptr<Connector>>::iterator place;
  net::Links<Connector> next_wanted;
  std::uint64_t next_ms = 0;

 private:
  void look_up();
  void on_addresses(int status, const net::Addresses& addresses);
  void begin(net::Socket::Ptr socket);
  void on_dialed(net::Socket::Ptr socket) override;
  void on_not_dialed(bool out_of_files) override;
  void on_next_wanted() override { owner_.on_next_wanted(*this); }
  void on_tunnel(net::Socket::Ptr socket) override;
  void on_no_tunnel(std::string why) override;

  void on_ready() override;
  void on_bytes(std::string_view bytes) override;
  void on_end(const net::Transport::End& end) override;
  void on_drained() override {}

  std::string progress() const;
  void fail(Failure::Kind kind, std::string message);

  net::Loop::Impl& loop_;
  const Route& route_;
  net::Resolver& resolver_;
  Owner& owner_;
  std::uint64_t limit_ms_;
  std::uint64_t deadline_ms_;
  bool asking_ = false;                // inside look_up()
  bool remembered_ = false;            // the dialer's addresses were known without asking
  std::optional<net::Dialer> dialer_;  // at most one of these three: how far it has come
  std::optional<Tunnel> tunnel_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace sluice::http
