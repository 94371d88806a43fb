#include "http/connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::http {

Connector::Connector(Loop::Impl& loop, const Url& url, Resolver& resolver, std::uint64_t limit_ms,
                     Owner& owner)
    : loop_(loop),
      url_(url),
      resolver_(resolver),
      owner_(owner),
      limit_ms_(limit_ms),
      deadline_ms_(now_ms(loop) + limit_ms),
      attempt_deadline_ms_(deadline_ms_) {}

void Connector::start() {
  set_deadline(deadline_ms_);
  resolver_.resolve([weak = weak_from_this()](int status, const Addresses& addresses) {
    if (const auto self = weak.lock()) self->on_addresses(status, addresses);
  });
}

void Connector::on_addresses(int status, const Addresses& addresses) {
  if (status != 0) {
    return fail(Failure::Kind::dns,
                fmt::format("cannot find the host '{}': {}", url_.host, uv_strerror(status)));
  }
  addresses_ = addresses;
  try_next();
}

void Connector::try_next() {
  while (next_ < addresses_->size()) {
    const std::uint64_t now = now_ms(loop_);
    const std::uint64_t left = deadline_ms_ > now ? deadline_ms_ - now : 0;
    const auto& address = reinterpret_cast<const sockaddr&>((*addresses_)[next_]);
    transport_ = std::make_unique<Transport>(loop_, owner_.make_tls(), *this);
    const int status = transport_->connect(address);
    set_deadline(now + left / (addresses_->size() - next_));
    ++next_;
    if (status == 0) return;
    last_trouble_ = uv_strerror(status);
  }
  resolver_.forget();
  fail(Failure::Kind::connect,
       fmt::format("cannot connect to {}: {}", url_.authority(), last_trouble_));
}

void Connector::on_ready() {
  owner_.on_connected(*this, std::move(transport_));
}

void Connector::on_bytes(std::string_view) {
  fail(Failure::Kind::protocol,
       fmt::format("{} sent something before it was asked", url_.authority()));
}

void Connector::on_end(const Transport::End& end) {
  if (end.cause == Transport::End::Cause::connect) {
    last_trouble_ = end.message;
    return try_next();
  }
  const bool tls = end.cause == Transport::End::Cause::tls;
  fail(tls ? Failure::Kind::tls : Failure::Kind::connect,
       tls ? end.message : fmt::format("cannot connect to {}: {}", url_.authority(), end.message));
}

void Connector::on_deadline() {
  const bool more = addresses_ && next_ < addresses_->size() && now_ms(loop_) < deadline_ms_;
  if (more) {
    last_trouble_ = "no answer from the address";
    return try_next();
  }
  fail(Failure::Kind::timeout,
       fmt::format("no connection to {} within {} ms{}", url_.authority(), limit_ms_,
                   addresses_ ? "" : " (still looking up its name)"));
}

void Connector::fail(Failure::Kind kind, std::string message) {
  owner_.on_not_connected(*this, kind, std::move(message));
}

void Connector::set_deadline(std::uint64_t deadline_ms) {
  attempt_deadline_ms_ = deadline_ms;
  owner_.on_deadline_set(deadline_ms);
}

}  // namespace sluice::http
