// The client's requests that have not ended, and the one place where they end.
//
// Threads: the loop's.
//
// Invariants:
//   1. An Exchange leaves in exactly one callback: succeed() or fail_later(), then it is free.
//   2. Callbacks run from succeed() and drain() alone, as the last thing these do with the
//   Exchange;
//      they may send, cancel, or destroy the client. So nothing that iterates ever calls one: it
//      calls fail_later().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "http/client.h"
#include "net/intrusive_list.h"

namespace sluice::http {

class Connection;
class Origin;

struct Exchange {
  RequestHandle handle = 0;       // 0: free
  RequestHandle last_handle = 0;  // of this slot
  Origin* origin = nullptr;
  Connection* connection = nullptr;  // while it is on one
  Request request;
  std::string head;  // request line and the client's own headers; borrowed while being written
  Callback done;
  Failure failure;  // in `ended`
  std::uint64_t deadline_ms = 0;
  bool sent = false;
  bool answering = false;
  bool ended = false;          // its failure waits to be told
  net::Links<Exchange> queue;  // the origin's waiting list, or the list of the ended
  net::Links<Exchange> total;  // the origin's list in order of deadline
};

class Exchanges {
 public:
  // `wake` must see to it that drain() is called soon, from the loop.
  explicit Exchanges(std::function<void()> wake) : wake_(std::move(wake)) {}
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  Exchange& add(Request request, Callback done);
  // Null when it has ended, or never was.
  Exchange* find(RequestHandle handle);

  // The exchange must be in none of the origin's lists and on no connection any more.
  void succeed(Exchange& exchange, Response response);
  void fail_later(Exchange& exchange, Failure::Kind kind, std::string message);
  void drain();

 private:
  Callback release(Exchange& exchange);

  std::deque<Exchange> slots_;  // addresses stay
  std::vector<std::uint32_t> free_;
  net::IntrusiveList<Exchange, &Exchange::queue> ended_;
  std::function<void()> wake_;
};

}  // namespace sluice::http
