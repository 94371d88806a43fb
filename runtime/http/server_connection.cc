#include "http/server_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/response_text.h"

namespace sluice::http {
namespace {

constexpr std::size_t kMaxUnanswered = 64;
constexpr std::size_t kMostBacklog = 256 * 1024;

ServerResponse error_answer(int status, std::string_view why) {
  ServerResponse response;
  response.status = status;
  response.body = fmt::format(R"({{"error":"{}"}})", why);
  return response;
}

class ConnectionResponder final : public Responder {
 public:
  ConnectionResponder(std::weak_ptr<ServerConnection> connection, std::uint64_t id)
      : connection_(std::move(connection)), id_(id) {}
  ~ConnectionResponder() override {
    const auto connection = take();
    if (!connection) return;
    if (begun_) {
      connection->reset();  // it cannot answer otherwise any more
    } else {
      connection->respond(id_, error_answer(500, "no answer was given"), std::string::npos,
                          Rest::none);
    }
  }
  void respond(const ServerResponse& response) override {
    respond_to(response, std::string::npos, Rest::none);
  }
  void respond_until(const ServerResponse& response, std::size_t body_bytes) override {
    if (answered_) return;
    begun_ = true;
    if (const auto connection = connection_.lock())
      connection->respond(id_, response, body_bytes, Rest::later);
  }
  void respond_in_part(const ServerResponse& response, std::size_t body_bytes) override {
    respond_to(response, body_bytes, Rest::never);
  }
  void reset() override {
    if (const auto connection = connection_.lock()) connection->reset();
    answered_ = true;
  }

 private:
  using Rest = ServerConnection::Rest;

  void respond_to(const ServerResponse& response, std::size_t body_bytes, Rest rest) {
    if (std::exchange(answered_, true)) return;
    if (const auto connection = connection_.lock())
      connection->respond(id_, response, body_bytes, rest);
  }
  std::shared_ptr<ServerConnection> take() {
    return std::exchange(answered_, true) ? nullptr : connection_.lock();
  }

  std::weak_ptr<ServerConnection> connection_;
  std::uint64_t id_;
  bool answered_ = false;
  bool begun_ = false;
};

bool same_word(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

}  // namespace

ServerConnection::ServerConnection(net::Loop& loop, Owner& owner, std::unique_ptr<net::Tls> tls,
                                   const ServerOptions& options)
    : loop_(loop),
      owner_(&owner),
      options_(options),
      transport_(std::make_unique<net::Transport>(loop.impl(), std::move(tls), *this)),
      parser_(MessageParser::Type::request, *this) {}

bool ServerConnection::accept(uv_stream_t* listener) {
  return transport_->accept(listener) == 0;
}

void ServerConnection::close() {
  owner_ = nullptr;
  goodbye_.reset();
  transport_.reset();
}

void ServerConnection::gone() {
  Owner* const owner = owner_;
  if (owner == nullptr) return;
  const auto self = shared_from_this();
  close();
  owner->on_gone(*this);
}

void ServerConnection::reset() {
  if (transport_) transport_->reset();
  gone();
}

void ServerConnection::on_bytes(std::string_view bytes) {
  const auto self = shared_from_this();  // a handler may do anything
  taking_ = true;
  take_requests(bytes);
  taking_ = false;
  finish_if_done();
}

void ServerConnection::take_requests(std::string_view bytes) {
  while (owner_ && !closing_ && !bytes.empty()) {
    if (paused_ || crowded()) {
      paused_ = true;
      transport_->pause_reading();
      held_ += bytes;
      return;
    }
    const MessageParser::Step step = parser_.parse(bytes);
    if (step.progress == MessageParser::Progress::more) return;
    if (step.progress == MessageParser::Progress::failed) return refuse(too_large_ ? 413 : 400);
    bytes.remove_prefix(step.used);
    hand_out();
  }
}

bool ServerConnection::crowded() const {
  return answers_.size() >= kMaxUnanswered || backlog_.size() > kMostBacklog;
}

std::optional<core::Time> ServerConnection::waited_for_since() const {
  return answers_.empty() ? std::optional(since_) : std::nullopt;
}

void ServerConnection::on_end(const net::Transport::End& end) {
  peer_done_ = true;
  if (end.cause != net::Transport::End::Cause::closed) return gone();
  // A peer may close its side after its last request and still wait for the answers.
  finish_if_done();
}

void ServerConnection::finish_if_done() {
  if (owner_ == nullptr || taking_ || cut_) return;
  if (peer_done_ && answers_.empty() && held_.empty()) finished_ = true;
  if (finished_ && transport_->drained()) say_goodbye();
}

bool ServerConnection::on_head(MessageHead&& head) {
  request_ = {std::move(head.method), std::move(head.target), std::move(head.headers), {}};
  max_body_bytes_ = options_.max_body_of ? options_.max_body_of(request_.method, request_.target)
                                         : options_.max_body_bytes;
  if (head.content_length > 0 &&
      static_cast<std::uint64_t>(head.content_length) > max_body_bytes_) {
    too_large_ = true;
    return false;
  }
  // A large one comes to lie in one piece, without being moved as it grows.
  constexpr std::int64_t kLarge = 1 << 20;
  if (head.content_length > kLarge)
    request_.body.reserve(static_cast<std::size_t>(head.content_length));
  const auto expect = request_.headers.find("expect");
  continue_due_ = expect && same_word(*expect, "100-continue") && !parser_.http10();
  send_continue();
  return true;
}

// An interim response belongs to the request being read: it must not overtake the answers before
// it.
void ServerConnection::send_continue() {
  if (!answers_.empty() || !std::exchange(continue_due_, false)) return;
  send("HTTP/1.1 100 Continue\r\n\r\n", {});
}

bool ServerConnection::on_body(std::string_view bytes) {
  if (bytes.size() > max_body_bytes_ - request_.body.size()) {
    too_large_ = true;
    return false;
  }
  request_.body += bytes;
  return true;
}

ServerConnection::Answer& ServerConnection::expect_answer() {
  Answer& answer = answers_.emplace_back();
  answer.id = next_id_++;
  return answer;
}

void ServerConnection::hand_out() {
  Answer& answer = expect_answer();
  answer.closes = closing_ = !parser_.keep_alive();
  answer.head_only = request_.method == "HEAD";
  answer.http10 = parser_.http10();
  continue_due_ = false;
  parser_.start();
  owner_->on_request(std::exchange(request_, {}),
                     std::make_shared<ConnectionResponder>(weak_from_this(), answer.id));
}

void ServerConnection::refuse(int status) {
  Answer& answer = expect_answer();
  answer.closes = closing_ = true;
  const char* why = status == 413 ? "the request is too large" : "the request is malformed";
  respond(answer.id, error_answer(status, why), std::string::npos, Rest::none);
}

void ServerConnection::respond(std::uint64_t id, const ServerResponse& response,
                               std::size_t body_bytes, Rest rest) {
  const auto self = shared_from_this();
  const auto found = std::find_if(answers_.begin(), answers_.end(),
                                  [&](const Answer& answer) { return answer.id == id; });
  if (owner_ == nullptr || found == answers_.end()) return;
  Answer& answer = *found;
  const std::string head =
      answer.started ? std::string() : response_head(response, answer.closes, answer.http10);
  std::string_view body = may_have_body(response.status) && !answer.head_only
                              ? std::string_view(response.body)
                              : std::string_view();
  answer.ready = rest != Rest::later;
  answer.cut = rest == Rest::never;
  body = body.substr(0, body_bytes);
  const std::size_t until = body.size();
  body.remove_prefix(std::min(answer.body_sent, body.size()));
  answer.started = true;
  answer.body_sent = std::max(answer.body_sent, until);
  if (found == answers_.begin()) {
    answer.bytes += head;
    send(std::exchange(answer.bytes, {}), body);
  } else {
    answer.bytes += head;
    answer.bytes += body;
  }
  flush_answers();
}

void ServerConnection::flush_answers() {
  while (!cut_ && !answers_.empty() && answers_.front().ready) {
    const Answer answer = std::move(answers_.front());
    answers_.pop_front();
    since_ = core::SystemClock().now();
    if (!answer.bytes.empty()) send(answer.bytes, {});
    cut_ = answer.cut;
    finished_ = answer.closes && !cut_;
    if (finished_) break;
  }
  if (!cut_ && !finished_) {
    send_continue();
    continue_reading();
  }
  finish_if_done();
}

void ServerConnection::continue_reading() {
  if (!paused_ || answers_.size() >= kMaxUnanswered / 2 || crowded()) return;
  paused_ = false;
  if (!peer_done_) transport_->resume_reading();
  on_bytes(std::exchange(held_, {}));
}

void ServerConnection::send(std::string_view head, std::string_view body) {
  if (cut_) return;
  if (!transport_->drained()) {
    backlog_ += head;
    backlog_ += body;
    return;
  }
  const std::array<std::string_view, 2> pieces = {head, body};
  const auto result = transport_->write(pieces, net::Transport::WhenFull::queue);
  // With an error the peer has gone, which reading will tell.
  if (result.error != 0 || result.taken == head.size() + body.size()) return;
  writing_ = head.substr(std::min(result.taken, head.size()));
  writing_ += body.substr(result.taken - std::min(result.taken, head.size()));
  const std::array<std::string_view, 1> rest = {writing_};
  transport_->queue(rest);
}

void ServerConnection::on_drained() {
  const auto self = shared_from_this();  // a handler may do anything
  writing_ = {};
  if (!backlog_.empty()) {
    const std::string more = std::exchange(backlog_, {});
    send(more, {});
    if (owner_ && !cut_ && !finished_) continue_reading();
  }
  finish_if_done();
}

void ServerConnection::say_goodbye() {
  if (peer_done_) return gone();
  if (goodbye_) return;
  transport_->end_writing();
  transport_->resume_reading();
  goodbye_ = loop_.make_timer();
  goodbye_->start(options_.goodbye, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->gone();
  });
}

}  // namespace sluice::http
