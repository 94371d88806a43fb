// A client's open connection: one request at a time, its answer taken apart as it comes.
//
// Threads: the loop's.
//
// Invariants:
//   1. Idle (no exchange) or busy (one). Its Owner moves it between the two and may destroy it in
//      any call that it gets; a Connection does nothing after such a call.
//   2. begin() returns false when, and only when, the kernel took no byte of the request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchanges.h"
#include "http/inflate.h"
#include "http/message_parser.h"
#include "net/transport.h"

namespace sluice::http {

class Connection final : net::Transport::Events, MessageParser::Sink {
 public:
  class Owner {
   public:
    // A byte of the exchange came, or was sent.
    virtual void on_progress(Connection& connection) = 0;
    // The kernel has the last byte of the request, which begin() had not yet written.
    virtual void on_written(Connection& connection) = 0;
    virtual void on_answered(Connection& connection, Response response, bool reusable) = 0;
    virtual void on_failed(Connection& connection, Failure::Kind kind, std::string message) = 0;
    virtual void on_idle_end(Connection& connection) = 0;

   protected:
    ~Owner() = default;
  };

  // `authority` names the peer in messages; it must outlive the connection.
  Connection(Owner& owner, std::unique_ptr<net::Transport> transport, const std::string& authority,
             std::size_t max_response_bytes, bool inflates);

  // False: the connection is of no use any more, and the exchange is as it was. With `look` an end
  // that the loop has yet to tell is noticed before anything is written.
  bool begin(Exchange& exchange, bool look);
  Exchange* exchange() const { return exchange_; }
  void let_go() { exchange_ = nullptr; }  // of the exchange that has ended

  bool written() const { return more_at_ == more_bytes() && transport_->drained(); }
  // Hands on what the kernel takes at once of Request::more. False: some is due and there is none.
  bool send_more();
  // Has the kernel taken request bytes since the last call? (It does so without telling.)
  bool took_more();

  net::Links<Connection> links;  // of the owner's list of the idle, or of the busy
  std::uint64_t since_ms = 0;    // of the last progress, or of being idle
  std::uint64_t idle_turn = 0;   // of the loop, in which it became idle
  net::Links<Connection>
      awaiting;  // of the owner's list of those that have yet to begin their answer
  std::uint64_t written_ms = 0;

 private:
  void on_ready() override {}
  void on_bytes(std::string_view bytes) override;
  void on_end(const net::Transport::End& end) override;
  void on_drained() override;
  bool on_head(MessageHead&& head) override;
  bool on_body(std::string_view bytes) override;
  std::uint64_t more_bytes() const {
    return exchange_ != nullptr && exchange_->request.more ? exchange_->request.more_bytes : 0;
  }
  bool to_sink(std::string_view bytes);
  bool refuse(Failure::Kind kind, std::string_view why);
  bool refuse_size();
  void answered(bool reusable);

  Owner& owner_;
  std::unique_ptr<net::Transport> transport_;
  const std::string& authority_;
  std::size_t max_response_bytes_;
  bool inflates_;
  MessageParser parser_;
  Exchange* exchange_ = nullptr;
  Response response_;
  std::unique_ptr<Inflater> inflater_;
  std::vector<std::string_view> pieces_;  // of the request; here so that its memory is kept
  std::size_t unsent_bytes_ = 0;
  std::uint64_t more_at_ = 0;                 // of Request::more, how far it was handed on
  std::shared_ptr<const std::string> piece_;  // of it, that is being written
  bool to_sink_ = false;                      // the answer's body goes to Request::sink
  std::string inflated_;                      // of it
  Failure::Kind problem_kind_ = Failure::Kind::protocol;
  std::string problem_;
};

}  // namespace sluice::http
