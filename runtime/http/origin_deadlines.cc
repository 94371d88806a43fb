// The deadlines of an origin: its requests', its connections', its connectors'.
#include <fmt/format.h>

#include "http/origin.h"

namespace sluice::http {
namespace {

// Shorter than what load balancers and gateways in between keep in mind; one that forgets silently
// would swallow the next request.
constexpr std::uint64_t kKeepIdleMs = 60'000;

}  // namespace

void Origin::arm(std::uint64_t deadline_ms) {
  if (deadline_ms >= armed_ms_) return;
  armed_ms_ = deadline_ms;
  const std::uint64_t now = net::now_ms(loop_);
  timer_->start(std::chrono::milliseconds(deadline_ms > now ? deadline_ms - now : 0), [this] {
    armed_ms_ = kNeverMs;
    after_poll_.arm();  // client.h, invariant 4
  });
}

void Origin::make_idle(Connection& connection) {
  connection.since_ms = net::now_ms(loop_);
  connection.idle_turn = loop_.turns;
  idle_.push_back(connection);
  arm(connection.since_ms + kKeepIdleMs);
}

void Origin::on_next_wanted(Connector& connector) {
  next_wanted_.remove(connector);
  connector.next_ms = net::now_ms(loop_) + net::kNextAddressMs;
  next_wanted_.push_back(connector);
  arm(connector.next_ms);
}

void Origin::expire() {
  const std::uint64_t now = net::now_ms(loop_);
  expire_requests(now);
  expire_answers(now);
  expire_connections(now);
  expire_connectors(now);
  expire_first(now);
  pump();
  if (!unfinished_.empty()) arm(unfinished_.front()->deadline_ms);
  if (!awaiting_.empty()) arm(awaiting_.front()->written_ms + first_byte_ms_);
  if (!busy_.empty()) arm(busy_.front()->since_ms + idle_ms_);
  if (!idle_.empty()) arm(idle_.front()->since_ms + kKeepIdleMs);
  if (!connectors_.empty()) arm(connectors_.front()->deadline_ms());
  if (!next_wanted_.empty()) arm(next_wanted_.front()->next_ms);
  arm(first_.deadline_ms());
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

void Origin::expire_answers(std::uint64_t now) {
  while (!awaiting_.empty() && awaiting_.front()->written_ms + first_byte_ms_ <= now) {
    Connection& connection = *awaiting_.front();
    Exchange& exchange = *connection.exchange();
    drop(connection);
    fail(exchange, Failure::Kind::timeout,
         fmt::format("{}: no answer had begun {} ms after the request (first-byte timeout)",
                     authority_, first_byte_ms_ - 1));
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
}

void Origin::expire_connectors(std::uint64_t now) {
  while (!connectors_.empty() && connectors_.front()->deadline_ms() <= now) {
    const auto connector = connectors_.front();
    connector->expire();
  }
  while (!next_wanted_.empty() && next_wanted_.front()->next_ms <= now) {
    next_wanted_.pop_front()->start_next();
  }
}

void Origin::expire_first(std::uint64_t now) {
  if (sessions_.get() != nullptr) first_.has_session();
  first_.expire(now);
}

}  // namespace sluice::http
