#include "redis/connector.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace sluice::redis {
namespace {

// Of a socket that has no transport yet.
struct Silent final : net::Socket::Events {
  void on_connect(int) override {}
  void on_read(std::string_view) override {}
  void on_read_end(int) override {}
  void on_write_end(int) override {}
};

}  // namespace

Connector::Connector(net::Loop& loop, const Url& url, net::Resolver& resolver, net::TlsContext tls,
                     net::TlsSessionCache& sessions, Owner& owner)
    : loop_(loop),
      url_(url),
      resolver_(resolver),
      tls_(std::move(tls)),
      sessions_(sessions),
      owner_(owner),
      next_(loop.make_timer()) {}

void Connector::start() {
  const auto keep = shared_from_this();
  if (!url_.path.empty()) return open_local();
  resolver_.resolve([weak = weak_from_this()](int status, const net::Addresses& addresses) {
    if (const auto self = weak.lock()) self->on_addresses(status, addresses);
  });
}

void Connector::on_addresses(int status, const net::Addresses& addresses) {
  if (status != 0)
    return fail(fmt::format("cannot find the host '{}': {}", url_.host, uv_strerror(status)));
  dialer_.emplace(loop_.impl(), addresses, *this);
  dialer_->start_next();
}

void Connector::on_not_dialed(bool out_of_files) {
  // Another server may have the name by now.
  resolver_.forget(dialer_->addresses());
  fail("cannot connect to " + url_.shown() + ": " +
       (out_of_files ? "this process has too many open files (ulimit -n)" : dialer_->reasons()));
}

void Connector::on_next_wanted() {
  next_->start(std::chrono::milliseconds(net::kNextAddressMs), [this] {
    const auto keep = shared_from_this();
    if (dialer_) dialer_->start_next();
  });
}

void Connector::open_local() {
  static Silent nobody;
  auto socket = net::Socket::make(loop_.impl(), nobody);
  if (const int status = socket->connect_local(url_.path); status != 0)
    return fail(fmt::format("cannot connect to {}: {}", url_.shown(), uv_strerror(status)));
  begin(std::move(socket));
}

void Connector::on_dialed(net::Socket::Ptr socket) {
  const auto keep = shared_from_this();
  next_->cancel();
  dialer_.reset();
  begin(std::move(socket));
}

void Connector::begin(net::Socket::Ptr socket) {
  transport_ = std::make_unique<net::Transport>(
      loop_.impl(), tls_ ? net::Tls::client(tls_, url_.host, sessions_) : nullptr, *this,
      std::move(socket));
  if (const int status = transport_->start(); status != 0)
    fail(fmt::format("cannot connect to {}: {}", url_.shown(), uv_strerror(status)));
}

void Connector::on_ready() {
  owner_.on_connected(std::move(transport_));
}

void Connector::on_bytes(std::string_view) {
  fail(url_.shown() + " sent something before it was asked: it is not a Redis server");
}

void Connector::on_end(const net::Transport::End& end) {
  const bool tls = end.cause == net::Transport::End::Cause::tls;
  fail(fmt::format("cannot connect to {}: {}", url_.shown(), end.message), tls);
}

std::string Connector::progress() const {
  if (dialer_) return dialer_->reasons();
  return transport_ ? "the TLS handshake is not complete" : "still looking up its name";
}

void Connector::fail(const std::string& why, bool final) {
  owner_.on_not_connected(why, final);
}

}  // namespace sluice::redis
