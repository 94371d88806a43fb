#include "http/origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::http {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
// Shorter than what load balancers and gateways in between keep in mind; one that forgets silently
// would swallow the next request.
constexpr std::uint64_t kKeepIdleMs = 60'000;

// The loop's clock is cut to milliseconds: one more, so that no deadline is early.
std::uint64_t to_ms(core::Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return ms > 0 ? static_cast<std::uint64_t>(ms) + 1 : 1;
}

bool has_body(const Request& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

}  // namespace

Origin::Origin(Loop& loop, Exchanges& exchanges, Client::Counts& counts, OriginOptions options,
               Url url, TlsContext tls)
    : loop_(loop.impl()),
      exchanges_(exchanges),
      counts_(counts),
      options_(std::move(options)),
      url_(std::move(url)),
      authority_(url_.authority()),
      head_end_(fmt::format(" HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\n", authority_)),
      connect_ms_(to_ms(options_.connect_timeout)),
      idle_ms_(to_ms(options_.idle_timeout)),
      total_ms_(to_ms(options_.total_timeout)),
      tls_(std::move(tls)),
      resolver_(loop_, url_.host, url_.port),
      timer_(loop.make_timer()),
      armed_ms_(kNever) {}

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
  head += url_.path;
  if (url_.path.empty() && !request.path.starts_with('/')) head += '/';
  head += request.path;
  head += head_end_;
  if (has_body(request)) {
    std::size_t size = 0;
    for (const auto& piece : request.body) size += piece->size();
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", size);
  }

  exchange.origin = this;
  exchange.deadline_ms = update_now(loop_) + total_ms_;
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
  while (connectors_.size() < waiting_.size() &&
         sockets() < std::max<std::size_t>(options_.max_connections, 1)) {
    open();
  }
  pumping_ = false;
}

// The connection is in no list.
bool Origin::begin_front(Connection& connection) {
  Exchange& exchange = *waiting_.front();
  if (!connection.begin(exchange)) return false;
  waiting_.remove(exchange);
  connection.since_ms = now_ms(loop_);
  busy_.push_back(connection);
  arm(connection.since_ms + idle_ms_);
  return true;
}

void Origin::make_idle(Connection& connection) {
  connection.since_ms = now_ms(loop_);
  idle_.push_back(connection);
  arm(connection.since_ms + kKeepIdleMs);
}

void Origin::open() {
  auto connector = std::make_shared<Connector>(loop_, url_, resolver_, connect_ms_, *this);
  connectors_.push_back(connector);
  connector->start();
}

std::unique_ptr<Tls> Origin::make_tls() {
  return tls_ ? Tls::client(tls_, url_.host, sessions_) : nullptr;
}

void Origin::remove(Connector& connector) {
  const auto found = std::find_if(connectors_.begin(), connectors_.end(),
                                  [&](const auto& c) { return c.get() == &connector; });
  std::swap(*found, connectors_.back());
  connectors_.pop_back();
}

void Origin::on_connected(Connector& connector, std::unique_ptr<Transport> transport) {
  remove(connector);
  ++counts_.connections_opened;
  if (const Tls* tls = transport->tls()) {
    ++counts_.tls_handshakes;
    if (tls->resumed()) ++counts_.tls_resumed;
  }
  auto connection = std::make_unique<Connection>(*this, std::move(transport), authority_,
                                                 options_.max_response_bytes);
  if (waiting_.empty()) {
    make_idle(*connection.release());
  } else if (begin_front(*connection)) {
    connection.release();
  } else {
    // Not replaced: a server that accepts and closes would keep us at it for ever.
    connection.reset();
    fail(*waiting_.front(), Failure::Kind::reset,
         fmt::format("{} closed the connection before a request could be sent", authority_));
  }
  pump();
}

void Origin::on_not_connected(Connector& connector, Failure::Kind kind, std::string message) {
  remove(connector);
  // Each waiting request has its own attempt, or had: when others have been served by a connection
  // that came free, this attempt was nobody's.
  if (waiting_.size() > connectors_.size()) fail(*waiting_.front(), kind, std::move(message));
  pump();
}

void Origin::on_progress(Connection& connection) {
  connection.since_ms = now_ms(loop_);
  busy_.move_to_back(connection);
}

void Origin::on_answered(Connection& connection, Response response, bool reusable) {
  Exchange& exchange = *connection.exchange();
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
  if (Exchange* exchange = connection.exchange()) {
    exchange->connection = nullptr;
    busy_.remove(connection);
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

void Origin::arm(std::uint64_t deadline_ms) {
  if (deadline_ms >= armed_ms_) return;
  armed_ms_ = deadline_ms;
  const std::uint64_t now = now_ms(loop_);
  timer_->start(std::chrono::milliseconds(deadline_ms > now ? deadline_ms - now : 0),
                [this] { on_timer(); });
}

void Origin::on_timer() {
  armed_ms_ = kNever;
  const std::uint64_t now = now_ms(loop_);
  expire_requests(now);
  expire_connections(now);
  pump();
  if (!unfinished_.empty()) arm(unfinished_.front()->deadline_ms);
  if (!busy_.empty()) arm(busy_.front()->since_ms + idle_ms_);
  if (!idle_.empty()) arm(idle_.front()->since_ms + kKeepIdleMs);
  for (const auto& connector : connectors_) arm(connector->deadline_ms());
}

void Origin::expire_requests(std::uint64_t now) {
  while (!unfinished_.empty() && unfinished_.front()->deadline_ms <= now) {
    Exchange& exchange = *unfinished_.front();
    const char* what = exchange.answering ? "the answer was not complete"
                       : exchange.sent    ? "no answer"
                                          : "no connection was free";
    if (exchange.connection) drop(*exchange.connection);
    fail(exchange, Failure::Kind::timeout,
         fmt::format("{}: {} within {} ms of sending (total timeout)", authority_, what,
                     total_ms_ - 1));
  }
}

void Origin::expire_connections(std::uint64_t now) {
  while (!busy_.empty() && busy_.front()->since_ms + idle_ms_ <= now) {
    Connection& connection = *busy_.front();
    if (connection.took_more()) {
      on_progress(connection);
      continue;
    }
    Exchange& exchange = *connection.exchange();
    drop(connection);
    fail(exchange, Failure::Kind::timeout,
         fmt::format("{}: no byte came for {} ms (idle timeout)", authority_, idle_ms_ - 1));
  }
  while (!idle_.empty() && idle_.front()->since_ms + kKeepIdleMs <= now) drop(*idle_.front());

  std::vector<std::shared_ptr<Connector>> late;
  for (const auto& connector : connectors_) {
    if (connector->deadline_ms() <= now) late.push_back(connector);
  }
  for (const auto& connector : late) connector->on_deadline();
}

}  // namespace sluice::http
