// All that one origin has: its connections (idle, busy, being opened), the requests that wait for
// one, and the deadlines of all of these.
//
// Threads: the loop's.
//
// Invariants:
//   1. idle + busy + being opened <= max_connections.
//   2. Requests wait in the order of send(); while one waits, no connection is idle.
//   3. Every deadline list is in order of time, since each kind of timeout is the same for all; so
//      the one timer needs to look at the fronts alone. The timer is armed for the earliest
//      deadline that was ever set since it last fired: a byte that arrives moves an item in a list
//      and no timer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/connection.h"
#include "http/connector.h"
#include "http/exchanges.h"
#include "http/url.h"

namespace sluice::http {

class Origin final : public Connector::Owner, public Connection::Owner {
 public:
  // `tls` may be null. The rest must outlive the origin.
  Origin(Loop& loop, Exchanges& exchanges, Client::Counts& counts, OriginOptions options, Url url,
         TlsContext tls);
  ~Origin();  // cancels what has not ended
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  void send(Exchange& exchange);
  void cancel(Exchange& exchange);
  std::size_t open_connections() const { return idle_.size() + busy_.size(); }

 private:
  void on_connected(Connector& connector, std::unique_ptr<Transport> transport) override;
  void on_not_connected(Connector& connector, Failure::Kind kind, std::string message) override;
  void on_deadline_set(std::uint64_t deadline_ms) override { arm(deadline_ms); }
  std::unique_ptr<Tls> make_tls() override;
  void on_progress(Connection& connection) override;
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
  std::size_t sockets() const { return open_connections() + connectors_.size(); }

  void arm(std::uint64_t deadline_ms);
  void on_timer();
  void expire_requests(std::uint64_t now);
  void expire_connections(std::uint64_t now);

  Loop::Impl& loop_;
  Exchanges& exchanges_;
  Client::Counts& counts_;
  const OriginOptions options_;
  const Url url_;
  const std::string authority_;
  const std::string head_end_;  // behind the target: what every request says
  const std::uint64_t connect_ms_;
  const std::uint64_t idle_ms_;
  const std::uint64_t total_ms_;
  TlsContext tls_;
  TlsSessionCache sessions_;
  Resolver resolver_;

  IntrusiveList<Exchange, &Exchange::queue> waiting_;
  IntrusiveList<Exchange, &Exchange::total> unfinished_;  // waiting or on a connection
  IntrusiveList<Connection, &Connection::links> idle_;    // most recently used last
  IntrusiveList<Connection, &Connection::links> busy_;    // least recent progress first
  std::vector<std::shared_ptr<Connector>> connectors_;
  bool pumping_ = false;

  std::unique_ptr<Loop::Timer> timer_;
  std::uint64_t armed_ms_;
};

}  // namespace sluice::http
