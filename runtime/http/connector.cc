#include "http/connector.h"

#include <fmt/format.h>

#include <utility>

namespace sluice::http {

Connector::Connector(net::Loop::Impl& loop, const Route& route, net::Resolver& resolver,
                     std::uint64_t limit_ms, Owner& owner)
    : loop_(loop),
      route_(route),
      resolver_(resolver),
      owner_(owner),
      limit_ms_(limit_ms),
      deadline_ms_(net::now_ms(loop) + limit_ms) {}

void Connector::start() {
  look_up();
}

void Connector::look_up() {
  const auto keep = shared_from_this();
  asking_ = true;
  resolver_.resolve([weak = weak_from_this()](int status, const net::Addresses& addresses) {
    if (const auto self = weak.lock()) self->on_addresses(status, addresses);
  });
  asking_ = false;
}

void Connector::on_addresses(int status, const net::Addresses& addresses) {
  if (status != 0) {
    return fail(Failure::Kind::dns,
                fmt::format("cannot find the host '{}'{}: {}",
                            route_.proxy ? route_.proxy->host : route_.url.host,
                            route_.proxy ? " of the proxy" : "", uv_strerror(status)));
  }
  remembered_ = asking_;
  dialer_.emplace(loop_, addresses, *this);
  dialer_->start_next();
}

void Connector::on_not_dialed(bool out_of_files) {
  if (out_of_files) {
    return fail(Failure::Kind::connect,
                fmt::format("cannot connect to {}: {}", route_.peer(), owner_.out_of_files()));
  }
  const bool may_have_moved = resolver_.forget(dialer_->addresses()) && remembered_;
  const std::string reasons = dialer_->reasons();
  dialer_.reset();
  if (may_have_moved) return look_up();
  fail(Failure::Kind::connect, fmt::format("cannot connect to {}: {}", route_.peer(), reasons));
}

void Connector::on_dialed(net::Socket::Ptr socket) {
  dialer_.reset();
  if (!route_.tunnelled()) return begin(std::move(socket));
  tunnel_.emplace(loop_, std::move(socket), route_.url.host_and_port(), route_.proxy->headers(),
                  *this);
  tunnel_->start();
}

void Connector::on_tunnel(net::Socket::Ptr socket) {
  tunnel_.reset();
  begin(std::move(socket));
}

void Connector::on_no_tunnel(std::string why) {
  fail(Failure::Kind::connect, fmt::format("{} {}", route_.peer(), why));
}

void Connector::begin(net::Socket::Ptr socket) {
  transport_ = std::make_unique<net::Transport>(loop_, owner_.make_tls(), *this, std::move(socket));
  const auto keep = shared_from_this();
  if (const int status = transport_->start(); status != 0) {
    fail(Failure::Kind::connect,
         fmt::format("cannot connect to {}: {}", route_.peer(), uv_strerror(status)));
  }
}

void Connector::on_ready() {
  owner_.on_connected(*this, std::move(transport_));
}

void Connector::on_bytes(std::string_view) {
  fail(Failure::Kind::protocol,
       fmt::format("{} sent something before it was asked", route_.url.authority()));
}

void Connector::on_end(const net::Transport::End& end) {
  const bool tls = end.cause == net::Transport::End::Cause::tls;
  fail(tls ? Failure::Kind::tls : Failure::Kind::connect,
       tls ? end.message : fmt::format("cannot connect to {}: {}", route_.peer(), end.message));
}

void Connector::start_next() {
  if (dialer_) dialer_->start_next();
}

void Connector::expire() {
  const std::string through =
      route_.proxy ? fmt::format(" through {}", route_.peer()) : std::string();
  fail(Failure::Kind::timeout,
       fmt::format("no connection to {}{} within {} ms ({})", route_.url.authority(), through,
                   limit_ms_ - 1, progress()));
}

std::string Connector::progress() const {
  if (dialer_) return dialer_->reasons();
  if (tunnel_) return "the proxy has not answered CONNECT";
  return transport_ ? "the TLS handshake is not complete" : "still looking up its name";
}

void Connector::fail(Failure::Kind kind, std::string message) {
  owner_.on_not_connected(*this, kind, std::move(message));
}

}  // namespace sluice::http
