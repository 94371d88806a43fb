// All that one origin has: its connections (idle, busy, being opened), the requests that wait for
// one, and the deadlines of all of these.
//
// Threads: the loop's.
//
// Invariants:
//   1. idle + busy + being opened <= max_connections; being opened <= kMaxConnecting.
//   2. Requests wait in the order of send(); while one waits, no connection is idle.
//   3. Every deadline list is in order of time, since each kind of timeout is the same for all; so
//      the one timer needs to look at the fronts alone, and no event costs more with more
//      connections. The timer is armed for the earliest deadline that was ever set since it last
//      fired: a byte that arrives moves an item in a list and no timer.
//   4. The first connection of a TLS origin is opened alone, so that the others can resume its
//      session. The others are opened as soon as its session ticket has come; without one when it
//      has brought an answer, has ended or could not be opened, 100 ms after it was opened, or when
//      opening it takes a second (first_connection.h).
#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <string>

#include "http/connection.h"
#include "http/connector.h"
#include "http/exchanges.h"
#include "http/first_connection.h"

namespace sluice::http {

constexpr std::uint64_t kNeverMs = std::numeric_limits<std::uint64_t>::max();

// What the origins of a client have together.
struct Totals {
  Client::Counts counts;
  std::size_t max_connections = 0;  // the sum of all origins'
};

class Origin final : public Connector::Owner, public Connection::Owner {
 public:
  // `tls` may be null. The rest must outlive the origin.
  Origin(net::Loop& loop, net::NameLookup& lookup, Exchanges& exchanges, Totals& totals,
         OriginOptions options, Url url, net::TlsContext tls);
  ~Origin();  // cancels what has not ended
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  void send(Exchange& exchange);
  void cancel(Exchange& exchange);
  std::size_t open_connections() const { return idle_.size() + busy_.size(); }

 private:
  void on_connected(Connector& connector, std::unique_ptr<net::Transport> transport) override;
  void on_not_connected(Connector& connector, Failure::Kind kind, std::string message) override;
  void on_next_wanted(Connector& connector) override;
  std::unique_ptr<net::Tls> make_tls() override;
  std::string out_of_files() override;
  void on_progress(Connection& connection) override;
  void on_written(Connection& connection) override;
  void on_answered(Connection& connection, Response response, bool reusable) override;
  void on_failed(Connection& connection, Failure::Kind kind, std::string message) override;
  void on_idle_end(Connection& connection) override;

  void pump();
  bool begin_front(Connection& connection);
  void make_idle(Connection& connection);
  void open();
  void remove(Connector& connector);
  void fail(Exchange& exchange, Failure::Kind kind, std::string message);
  void drop(Connection& connection);
  std::size_t max_sockets() const;
  std::size_t sockets() const { return open_connections() + connectors_.size(); }
  // Requests reach the proxy as requests, not as bytes in a tunnel.
  bool asks_proxy() const { return route_.proxy && !route_.url.tls; }

  // In origin_deadlines.cc.
  void arm(std::uint64_t deadline_ms);
  void expire();
  void expire_requests(std::uint64_t now);
  void expire_answers(std::uint64_t now);
  void expire_connections(std::uint64_t now);
  void expire_connectors(std::uint64_t now);
  void expire_first(std::uint64_t now);

  net::Loop::Impl& loop_;
  Exchanges& exchanges_;
  Totals& totals_;
  const OriginOptions options_;
  const Route route_;
  const std::string authority_;
  const std::string head_start_;  // of the target: the path of the base URL
  const std::string head_end_;    // behind the target: what every request says
  const std::uint64_t connect_ms_;
  const std::uint64_t first_byte_ms_;
  const std::uint64_t idle_ms_;
  const std::uint64_t total_ms_;
  net::TlsContext tls_;
  net::TlsSessionCache sessions_;
  FirstConnection first_;
  net::Resolver resolver_;

  net::IntrusiveList<Exchange, &Exchange::queue> waiting_;
  net::IntrusiveList<Exchange, &Exchange::total> unfinished_;       // waiting or on a connection
  net::IntrusiveList<Connection, &Connection::links> idle_;         // most recently used last
  net::IntrusiveList<Connection, &Connection::links> busy_;         // least recent progress first
  net::IntrusiveList<Connection, &Connection::awaiting> awaiting_;  // of the busy
  std::list<std::shared_ptr<Connector>> connectors_;
  net::IntrusiveList<Connector, &Connector::next_wanted> next_wanted_;
  bool pumping_ = false;

  std::unique_ptr<net::Loop::Timer> timer_;
  net::AfterPoll after_poll_;
  std::uint64_t armed_ms_;
};

}  // namespace sluice::http
