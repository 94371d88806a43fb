#include "http/message_parser.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::http {
namespace {

constexpr std::size_t kMaxHeadBytes = 256 * 1024;

}  // namespace

const llhttp_settings_t& MessageParser::settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_method = &MessageParser::on_head_text<&MessageHead::method>;
    s.on_url = &MessageParser::on_head_text<&MessageHead::target>;
    s.on_header_field = &MessageParser::on_field;
    s.on_header_value = &MessageParser::on_value;
    s.on_headers_complete = &MessageParser::on_headers_complete;
    s.on_body = &MessageParser::on_body;
    s.on_message_complete = &MessageParser::on_message_complete;
    return s;
  }();
  return settings;
}

MessageParser::MessageParser(Type type, Sink& sink) : sink_(sink) {
  llhttp_init(&parser_, type == Type::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings());
  parser_.data = this;
}

void MessageParser::start(bool answers_head) {
  llhttp_reset(&parser_);
  head_ = {};
  problem_.clear();
  head_bytes_ = body_bytes_ = all_bytes_ = 0;
  interim_count_ = 0;
  in_value_ = head_done_ = interim_ = complete_ = refused_ = began_ = false;
  keep_alive_ = http10_ = false;
  answers_head_ = answers_head;
}

MessageParser::Step MessageParser::parse(std::string_view bytes) {
  if (bytes.empty()) return {};
  began_ = true;
  const llhttp_errno_t error = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (complete_) {
    return {Progress::complete,
            static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data())};
  }
  if (error == HPE_OK) {
    all_bytes_ += bytes.size();
    const std::size_t framing = all_bytes_ - head_bytes_ - body_bytes_;
    if (framing <= kMaxFramingBytes + kFramingPerBodyByte * body_bytes_)
      return {Progress::more, bytes.size()};
    problem_ =
        fmt::format("more than {} KiB that are neither headers nor body", kMaxFramingBytes / 1024);
    return {Progress::failed, 0};
  }
  if (problem_.empty() && !refused_) {
    const char* reason = llhttp_get_error_reason(&parser_);
    problem_ = reason ? reason : llhttp_errno_name(error);
  }
  return {Progress::failed, 0};
}

MessageParser::Progress MessageParser::finish() {
  if (!began_) return Progress::failed;
  llhttp_finish(&parser_);
  return complete_ ? Progress::complete : Progress::failed;
}

int MessageParser::fail(std::string problem) {
  problem_ = std::move(problem);
  return -1;
}

bool MessageParser::fits(std::size_t more) {
  head_bytes_ += more;
  if (head_bytes_ <= kMaxHeadBytes) return true;
  problem_ = fmt::format("more than {} KiB of headers", kMaxHeadBytes / 1024);
  return false;
}

template <std::string MessageHead::* text>
int MessageParser::on_head_text(llhttp_t* parser, const char* at, std::size_t size) {
  MessageParser& p = self(parser);
  if (!p.fits(size)) return -1;
  (p.head_.*text).append(at, size);
  return 0;
}

int MessageParser::on_field(llhttp_t* parser, const char* at, std::size_t size) {
  MessageParser& p = self(parser);
  if (!p.fits(size)) return -1;
  if (p.head_done_) return 0;
  if (p.head_.headers.empty() || p.in_value_) {
    p.head_.headers.begin_line();
    p.in_value_ = false;
  }
  p.head_.headers.append_name({at, size});
  return 0;
}

int MessageParser::on_value(llhttp_t* parser, const char* at, std::size_t size) {
  MessageParser& p = self(parser);
  if (!p.fits(size)) return -1;
  if (p.head_done_) return 0;
  p.in_value_ = true;
  p.head_.headers.append_value({at, size});
  return 0;
}

int MessageParser::on_headers_complete(llhttp_t* parser) {
  MessageParser& p = self(parser);
  p.http10_ = parser->http_major < 1 || parser->http_minor == 0;
  if (parser->type == HTTP_REQUEST) {
    if (parser->upgrade != 0 && parser->method == HTTP_CONNECT)
      return p.fail("CONNECT is not served");
    // Answered as if the upgrade had not been asked for (RFC 9110 §7.8).
    parser->upgrade = 0;
  } else {
    const int status = parser->status_code;
    if (status < 100) return p.fail("a status below 100");
    if (status == 101) return p.fail("a change of protocol that was not asked for");
    p.interim_ = status < 200;
    if (p.interim_ && ++p.interim_count_ > kMaxInterim)
      return p.fail(fmt::format("more than {} interim responses (1xx)", kMaxInterim));
    if (p.interim_) return 1;
    if ((parser->flags & F_TRANSFER_ENCODING) != 0 && (parser->flags & F_CHUNKED) == 0) {
      return p.fail("a transfer coding other than chunked");
    }
    p.head_.status = status;
  }
  p.head_done_ = true;
  if ((parser->flags & F_CONTENT_LENGTH) != 0) {
    p.head_.content_length = static_cast<std::int64_t>(
        std::min<std::uint64_t>(parser->content_length, std::numeric_limits<std::int64_t>::max()));
  }
  if (!p.sink_.on_head(std::move(p.head_))) {
    p.refused_ = true;
    return -1;
  }
  p.head_ = {};
  // These have no body, whatever their headers say (RFC 9112 §6.3).
  return p.answers_head_ || parser->status_code == 204 || parser->status_code == 304 ? 1 : 0;
}

int MessageParser::on_body(llhttp_t* parser, const char* at, std::size_t size) {
  MessageParser& p = self(parser);
  p.body_bytes_ += size;
  if (p.sink_.on_body({at, size})) return 0;
  p.refused_ = true;
  return -1;
}

int MessageParser::on_message_complete(llhttp_t* parser) {
  MessageParser& p = self(parser);
  if (p.interim_) {
    p.interim_ = p.in_value_ = false;
    p.head_ = {};
    return 0;
  }
  p.keep_alive_ = llhttp_should_keep_alive(parser) == 1;
  p.complete_ = true;
  return HPE_PAUSED;
}

}  // namespace sluice::http
