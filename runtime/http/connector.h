// Opens one connection: name look-up, the addresses of the name in turn, TLS.
//
// Threads: the loop's.
//
// Invariants:
//   1. It ends in exactly one of the two calls on its Owner, which then lets go of it; or the owner
//      lets go of it first, and hears nothing.
//   2. The whole takes no longer than `limit_ms`. An address may use its share of what is left, so
//      that one that swallows packets does not use up the time of the others.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/client.h"
#include "http/resolver.h"
#include "http/transport.h"
#include "http/url.h"

namespace sluice::http {

class Connector final : public std::enable_shared_from_this<Connector>, public Transport::Events {
 public:
  class Owner {
   public:
    virtual void on_connected(Connector& connector, std::unique_ptr<Transport> transport) = 0;
    virtual void on_not_connected(Connector& connector, Failure::Kind kind,
                                  std::string message) = 0;
    virtual void on_deadline_set(std::uint64_t deadline_ms) = 0;
    virtual std::unique_ptr<Tls> make_tls() = 0;  // null without TLS

   protected:
    ~Owner() = default;
  };

  // `url` and `resolver` must outlive it.
  Connector(Loop::Impl& loop, const Url& url, Resolver& resolver, std::uint64_t limit_ms,
            Owner& owner);

  void start();  // may end at once
  std::uint64_t deadline_ms() const { return attempt_deadline_ms_; }
  void on_deadline();  // deadline_ms() has come

 private:
  void on_addresses(int status, const Addresses& addresses);
  void try_next();
  void fail(Failure::Kind kind, std::string message);
  void set_deadline(std::uint64_t deadline_ms);

  void on_ready() override;
  void on_bytes(std::string_view bytes) override;
  void on_end(const Transport::End& end) override;
  void on_drained() override {}

  Loop::Impl& loop_;
  const Url& url_;
  Resolver& resolver_;
  Owner& owner_;
  std::uint64_t limit_ms_;
  std::uint64_t deadline_ms_;          // of the whole
  std::uint64_t attempt_deadline_ms_;  // of this address
  Addresses addresses_;                // null: still looking up
  std::size_t next_ = 0;
  std::string last_trouble_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace sluice::http
