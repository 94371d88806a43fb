#include "http/origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "net/file_limit.h"

namespace sluice::http {
namespace {

// Being opened at once: thousands of handshakes side by side would take so long, on both ends, that
// their own timeouts ended them.
constexpr std::size_t kMaxConnecting = 256;
// What has ended is told by the next poll of the loop, unless the loop is held up. So a connection
// that was idle through a poll and not for longer than this needs no look at its socket, which
// costs as much as a tenth of a request.
constexpr std::uint64_t kToldWithinMs = 10;
// Files that a run has open besides its sockets to endpoints, roughly.
constexpr std::size_t kOtherFiles = 64;

// The loop's clock is cut to milliseconds: one more, so that no deadline is early.
std::uint64_t to_ms(core::Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return ms > 0 ? static_cast<std::uint64_t>(ms) + 1 : 1;
}

bool has_body(const Request& request) {
  return !request.body.empty() || request.more || request.method == "POST" ||
         request.method == "PUT" || request.method == "PATCH";
}

}  // namespace

Origin::Origin(net::Loop& loop, net::NameLookup& lookup, Exchanges& exchanges, Totals& totals,
               OriginOptions options, Url url, net::TlsContext tls)
    : loop_(loop.impl()),
      exchanges_(exchanges),
      totals_(totals),
      options_(std::move(options)),
      route_{std::move(url), options_.proxy},
      authority_(route_.url.authority()),
      head_start_((asks_proxy() ? "http://" + authority_ : "") + route_.url.path),
      head_end_(fmt::format(" HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: {}\r\n{}", authority_,
                            options_.accept_encoding, asks_proxy() ? route_.proxy->headers() : "")),
      connect_ms_(to_ms(options_.connect_timeout)),
      first_byte_ms_(options_.first_byte_timeout ? to_ms(*options_.first_byte_timeout) : kNeverMs),
      idle_ms_(to_ms(options_.idle_timeout)),
      total_ms_(to_ms(options_.total_timeout)),
      tls_(std::move(tls)),
      sessions_([this] {
        if (first_.alone()) after_poll_.arm();
      }),
      first_(tls_ != nullptr),
      resolver_(loop, lookup, route_.proxy ? route_.proxy->host : route_.url.host,
                route_.proxy ? route_.proxy->port : route_.url.port),
      timer_(loop.make_timer()),
      after_poll_(loop_, [this] { expire(); }),
      armed_ms_(kNeverMs) {}

Origin::~Origin() {
  pumping_ = true;  // opens nothing any more
  connectors_.clear();
  while (Connection* connection = busy_.front()) drop(*connection);
  while (Connection* connection = idle_.front()) drop(*connection);
  while (Exchange* exchange = unfinished_.front()) {
    fail(*exchange, Failure::Kind::cancelled, "the client is closing");
  }
}

void Origin::send(Exchange& exchange) {
  const Request& request = exchange.request;
  std::string& head = exchange.head;
  head.clear();
  head += request.method;
  head += ' ';
  head += head_start_;
  if (route_.url.path.empty() && !request.path.starts_with('/')) head += '/';
  head += request.path;
  head += head_end_;
  if (has_body(request)) {
    std::uint64_t size = request.more_bytes;
    for (const auto& piece : request.body) size += piece->size();
    char digits[24];
    head += "Content-Length: ";
    head.append(digits, std::to_chars(digits, digits + sizeof digits, size).ptr);
    head += "\r\n";
  }

  exchange.origin = this;
  exchange.deadline_ms = net::update_now(loop_) + total_ms_;
  unfinished_.push_back(exchange);
  arm(exchange.deadline_ms);
  waiting_.push_back(exchange);
  pump();
}

void Origin::cancel(Exchange& exchange) {
  if (exchange.connection) drop(*exchange.connection);
  fail(exchange, Failure::Kind::cancelled, "cancelled");
  pump();
}

void Origin::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (!waiting_.empty() && !idle_.empty()) {
    Connection& connection = *idle_.back();
    idle_.remove(connection);
    // Nothing was accepted, so another connection may have the request (client.h, invariant 2).
    if (!begin_front(connection)) delete &connection;
  }
  while (connectors_.size() < std::min(waiting_.size(), kMaxConnecting) &&
         sockets() < max_sockets()) {
    open();
  }
  pumping_ = false;
}

std::size_t Origin::max_sockets() const {
  return first_.alone() ? 1 : std::max<std::size_t>(options_.max_connections, 1);
}

// The connection is in no list.
bool Origin::begin_front(Connection& connection) {
  Exchange& exchange = *waiting_.front();
  const bool look = loop_.polled <= connection.idle_turn ||
                    net::now_ms(loop_) - connection.since_ms > kToldWithinMs;
  if (!connection.begin(exchange, look)) return false;
  waiting_.remove(exchange);
  connection.since_ms = net::now_ms(loop_);
  busy_.push_back(connection);
  arm(connection.since_ms + idle_ms_);
  if (!connection.send_more()) {
    drop(connection);
    fail(exchange, Failure::Kind::cancelled, "there is less to send than was said");
  } else if (connection.written()) {
    on_written(connection);
  }
  return true;
}

void Origin::open() {
  auto connector = std::make_shared<Connector>(loop_, route_, resolver_, connect_ms_, *this);
  connector->place = connectors_.insert(connectors_.end(), connector);
  arm(connector->deadline_ms());
  first_.opened(net::now_ms(loop_));
  arm(first_.deadline_ms());
  connector->start();
}

std::unique_ptr<net::Tls> Origin::make_tls() {
  return tls_ ? net::Tls::client(tls_, route_.url.host, sessions_) : nullptr;
}

std::string Origin::out_of_files() {
  return fmt::format(
      "this process may open {} files and has none left; its endpoints need up to {}, as their "
      "max_concurrency adds up (raise the limit with ulimit -n, or lower max_concurrency)",
      net::file_limit(), totals_.max_connections + kOtherFiles);
}

void Origin::remove(Connector& connector) {
  next_wanted_.remove(connector);
  connectors_.erase(connector.place);
}

void Origin::on_connected(Connector& connector, std::unique_ptr<net::Transport> transport) {
  remove(connector);
  ++totals_.counts.connections_opened;
  if (const net::Tls* tls = transport->tls()) {
    ++totals_.counts.tls_handshakes;
    if (tls->resumed()) ++totals_.counts.tls_resumed;
  }
  first_.connected(net::now_ms(loop_));
  arm(first_.deadline_ms());
  auto connection = std::make_unique<Connection>(*this, std::move(transport), authority_,
                                                 options_.max_response_bytes, options_.inflates);
  if (waiting_.empty()) {
    make_idle(*connection.release());
  } else if (begin_front(*connection)) {
    std::ignore = connection.release();  // it is in use, and comes back by itself
  } else {
    // Not replaced: a server that accepts and closes would keep us at it for ever.
    connection.reset();
    first_.ended();
    fail(*waiting_.front(), Failure::Kind::reset,
         fmt::format("{} closed the connection before a request could be sent", authority_));
  }
  pump();
}

void Origin::on_not_connected(Connector& connector, Failure::Kind kind, std::string message) {
  remove(connector);
  first_.ended();
  // Each waiting request has its own attempt, or had: when others have been served by a connection
  // that came free, this attempt was nobody's. (The first connection's attempt, made alone, is that
  // of the request in front; pump() makes the others'.)
  if (waiting_.size() > connectors_.size()) fail(*waiting_.front(), kind, std::move(message));
  pump();
}

void Origin::on_progress(Connection& connection) {
  connection.since_ms = net::now_ms(loop_);
  busy_.move_to_back(connection);
  awaiting_.remove(connection);
}

void Origin::on_written(Connection& connection) {
  if (first_byte_ms_ == kNeverMs) return;
  connection.written_ms = net::now_ms(loop_);
  awaiting_.push_back(connection);
  arm(connection.written_ms + first_byte_ms_);
}

void Origin::on_answered(Connection& connection, Response response, bool reusable) {
  Exchange& exchange = *connection.exchange();
  if (asks_proxy() && response.status == 407) {
    exchange.sent = false;  // the proxy says that it has not passed it on
    return on_failed(connection, Failure::Kind::connect,
                     fmt::format("{} refuses the request with status 407{}", route_.peer(),
                                 refusal_message(407)));
  }
  first_.answered();
  exchange.connection = nullptr;
  connection.let_go();
  unfinished_.remove(exchange);
  busy_.remove(connection);
  if (reusable) {
    make_idle(connection);
  } else {
    delete &connection;
  }
  pump();
  exchanges_.succeed(exchange, std::move(response));  // may destroy this
}

void Origin::on_failed(Connection& connection, Failure::Kind kind, std::string message) {
  Exchange& exchange = *connection.exchange();
  drop(connection);
  fail(exchange, kind, std::move(message));
  pump();
}

void Origin::on_idle_end(Connection& connection) {
  drop(connection);
}

void Origin::drop(Connection& connection) {
  first_.ended();
  if (Exchange* exchange = connection.exchange()) {
    exchange->connection = nullptr;
    busy_.remove(connection);
    awaiting_.remove(connection);
  } else {
    idle_.remove(connection);
  }
  delete &connection;
}

// The exchange is on no connection.
void Origin::fail(Exchange& exchange, Failure::Kind kind, std::string message) {
  unfinished_.remove(exchange);
  waiting_.remove(exchange);
  exchanges_.fail_later(exchange, kind, std::move(message));
}

}  // namespace sluice::http
