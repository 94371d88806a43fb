#include "http/exchanges.h"

#include <utility>

namespace sluice::http {
namespace {

// A handle is the slot's number from 1 below and the slot's generation above, so that the handle of
// a request that has ended finds nothing.
constexpr RequestHandle kSlotMask = 0xffff'ffff;
constexpr RequestHandle kGeneration = kSlotMask + 1;

}  // namespace

Exchange& Exchanges::add(Request request, Callback done) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slots_.emplace_back();
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.back().last_handle = slot;
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Exchange& exchange = slots_[slot - 1];
  exchange.handle = exchange.last_handle += kGeneration;
  exchange.request = std::move(request);
  exchange.done = std::move(done);
  exchange.sent = exchange.answering = exchange.ended = false;
  return exchange;
}

Exchange* Exchanges::find(RequestHandle handle) {
  const RequestHandle slot = handle & kSlotMask;
  if (slot == 0 || slot > slots_.size()) return nullptr;
  Exchange& exchange = slots_[slot - 1];
  return exchange.handle == handle && !exchange.ended ? &exchange : nullptr;
}

Callback Exchanges::release(Exchange& exchange) {
  free_.push_back(static_cast<std::uint32_t>(exchange.handle & kSlotMask));
  exchange.handle = 0;
  exchange.origin = nullptr;
  exchange.request = {};
  return std::exchange(exchange.done, nullptr);
}

void Exchanges::succeed(Exchange& exchange, Response response) {
  const Callback done = release(exchange);
  done(std::move(response));
}

void Exchanges::fail_later(Exchange& exchange, Failure::Kind kind, std::string message) {
  exchange.failure = {kind, std::move(message), exchange.sent, exchange.answering};
  exchange.ended = true;
  const bool first = ended_.empty();
  ended_.push_back(exchange);
  if (first) wake_();
}

void Exchanges::drain() {
  while (Exchange* exchange = ended_.pop_front()) {
    Failure failure = std::move(exchange->failure);
    const Callback done = release(*exchange);
    done(std::unexpected(std::move(failure)));
  }
}

}  // namespace sluice::http
