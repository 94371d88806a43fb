// One peer of the server: requests are taken apart and handed out as they come, answers go back in
// the order of the requests, whenever each is ready.
//
// Threads: the loop's.
//
// Invariants:
//   1. At most kMaxUnanswered requests are handed out and not yet answered, and kMostBacklog bytes of
//      answers wait for the peer when a request is handed out; then reading stops.
//   2. Answers leave in the order of the requests. Behind an answer that closes, nothing leaves.
//   3. A connection is closed only after its peer has had the time to read the last answer: closing
//      with unread input would reset it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "http/message_parser.h"
#include "http/server.h"
#include "net/transport.h"

namespace sluice::http {

class ServerConnection final : public std::enable_shared_from_this<ServerConnection>,
                               public net::Transport::Events,
                               public MessageParser::Sink {
 public:
  class Owner {
   public:
    virtual void on_request(ServerRequest request, std::shared_ptr<Responder> responder) = 0;
    virtual void on_gone(ServerConnection& connection) = 0;  // lets go of it

   protected:
    ~Owner() = default;
  };

  // `options` outlives the owner's close().
  ServerConnection(net::Loop& loop, Owner& owner, std::unique_ptr<net::Tls> tls,
                   const ServerOptions& options);
  bool accept(uv_stream_t* listener);
  // The owner goes: no call on it comes any more.
  void close();

  // For responders; `id` counts the requests of the connection.
  enum class Rest : std::uint8_t { none, later, never };  // of the body, behind `body_bytes`
  // Since when the server waits for the peer: to send a request, or to take in an answer. Nothing
  // while a request is with the handler.
  std::optional<core::Time> waited_for_since() const;

  void respond(std::uint64_t id, const ServerResponse& response, std::size_t body_bytes, Rest rest);
  void reset();

 private:
  struct Answer {
    std::uint64_t id = 0;
    bool closes = false;
    bool head_only = false;
    bool http10 = false;
    bool ready = false;
    bool cut = false;      // respond_in_part()
    bool started = false;  // respond_until()
    std::size_t body_sent = 0;
    std::string bytes;
  };

  void on_ready() override {}
  void on_bytes(std::string_view bytes) override;
  void on_end(const net::Transport::End& end) override;
  void on_drained() override;
  bool on_head(MessageHead&& head) override;
  bool on_body(std::string_view bytes) override;

  Answer& expect_answer();
  void take_requests(std::string_view bytes);
  void hand_out();
  void refuse(int status);
  void flush_answers();
  void send(std::string_view head, std::string_view body);
  void continue_reading();
  void send_continue();
  void finish_if_done();
  bool crowded() const;
  void say_goodbye();
  void gone();

  net::Loop& loop_;
  Owner* owner_;
  const ServerOptions& options_;
  std::size_t max_body_bytes_ = 0;  // of the request that is being read
  std::unique_ptr<net::Transport> transport_;
  MessageParser parser_;
  ServerRequest request_;
  bool too_large_ = false;
  bool continue_due_ = false;

  core::Time since_ = core::SystemClock().now();  // an answer was given, or it came
  std::uint64_t next_id_ = 0;
  std::deque<Answer> answers_;  // expected, in order
  std::string writing_;         // what libuv has
  std::string backlog_;         // what comes behind it
  std::string held_;            // input that came while reading was stopped
  bool paused_ = false;
  bool taking_ = false;    // inside take_requests()
  bool closing_ = false;   // no further request is read
  bool finished_ = false;  // the last answer has been written
  bool cut_ = false;       // nothing more is written
  bool peer_done_ = false;
  std::unique_ptr<net::Loop::Timer> goodbye_;
};

}  // namespace sluice::http
