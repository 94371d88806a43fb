// One HTTP/1.1 message after the other out of a byte stream, split anywhere: llhttp with the head
// gathered and bounded. Requests for the server, responses for the client.
//
// Threads: one.
//
// Invariants:
//   1. What the sink sees does not depend on how the bytes were split (on_body() pieces aside).
//   2. parse() stops behind the last byte of a message: nothing of what follows is looked at.
//   3. Interim responses (1xx) are skipped, up to kMaxInterim of them.
//   4. What is neither head nor body (chunk sizes and extensions, separators, interim responses) is
//      bounded too, in proportion to the body: a peer cannot send for ever without sending
//      anything.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace sluice::http {

struct MessageHead {
  int status = 0;      // of a response
  std::string method;  // of a request
  std::string target;  // of a request
  Headers headers;
  std::int64_t content_length = -1;  // as declared; -1: not declared
};

class MessageParser {
 public:
  enum class Type : std::uint8_t { request, response };
  static constexpr int kMaxInterim = 64;
  static constexpr std::size_t kMaxFramingBytes = 256 * 1024;
  static constexpr std::size_t kFramingPerBodyByte = 16;  // a byte a chunk takes 5

  enum class Progress : std::uint8_t { more, complete, failed };
  // Returning false ends the parsing: parse() gives `failed` and an empty trouble().
  class Sink {
   public:
    virtual bool on_head(MessageHead&& head) = 0;
    virtual bool on_body(std::string_view bytes) = 0;

   protected:
    ~Sink() = default;
  };
  struct Step {
    Progress progress = Progress::more;
    std::size_t used = 0;
  };

  MessageParser(Type type, Sink& sink);
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  // Begins the next message. A response to a HEAD request has no body.
  void start(bool answers_head = false);
  Step parse(std::string_view bytes);
  // The peer has closed: `complete` when that is how this message ends.
  Progress finish();

  bool began() const { return began_; }            // a byte of this message has come
  bool keep_alive() const { return keep_alive_; }  // of a complete message
  bool http10() const { return http10_; }
  const std::string& problem() const { return problem_; }

 private:
  static const llhttp_settings_t& settings();
  static MessageParser& self(llhttp_t* parser) {
    return *static_cast<MessageParser*>(parser->data);
  }
  template <std::string MessageHead::* text>
  static int on_head_text(llhttp_t* parser, const char* at, std::size_t size);
  static int on_field(llhttp_t* parser, const char* at, std::size_t size);
  static int on_value(llhttp_t* parser, const char* at, std::size_t size);
  static int on_headers_complete(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, std::size_t size);
  static int on_message_complete(llhttp_t* parser);
  int fail(std::string problem);
  bool fits(std::size_t more);

  llhttp_t parser_{};
  Sink& sink_;
  MessageHead head_;
  std::string problem_;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t all_bytes_ = 0;  // given to parse()
  int interim_count_ = 0;
  bool in_value_ = false;   // the last header has begun its value
  bool head_done_ = false;  // what comes now as a header is a trailer
  bool interim_ = false;
  bool complete_ = false;
  bool refused_ = false;
  bool began_ = false;
  bool answers_head_ = false;
  bool keep_alive_ = false;
  bool http10_ = false;
};

}  // namespace sluice::http
