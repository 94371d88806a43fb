#include "http/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::http {
namespace {

// Cuts the first `count` bytes off `pieces`.
void skip(std::vector<std::string_view>& pieces, std::size_t count) {
  for (std::string_view& piece : pieces) {
    const std::size_t part = std::min(count, piece.size());
    piece.remove_prefix(part);
    count -= part;
  }
  std::erase_if(pieces, [](std::string_view piece) { return piece.empty(); });
}

}  // namespace

Connection::Connection(Owner& owner, std::unique_ptr<net::Transport> transport,
                       const std::string& authority, std::size_t max_response_bytes, bool inflates)
    : owner_(owner),
      transport_(std::move(transport)),
      authority_(authority),
      max_response_bytes_(max_response_bytes),
      inflates_(inflates),
      parser_(MessageParser::Type::response, *this) {
  transport_->set_events(*this);
}

bool Connection::begin(Exchange& exchange, bool look) {
  if (look && !transport_->quiet()) return false;
  parser_.start(exchange.request.method == "HEAD");
  response_ = {};
  inflater_.reset();
  problem_.clear();
  more_at_ = 0;
  to_sink_ = false;

  pieces_.clear();
  pieces_.push_back(exchange.head);
  if (exchange.request.headers) pieces_.push_back(*exchange.request.headers);
  pieces_.push_back("\r\n");
  for (const auto& piece : exchange.request.body) pieces_.push_back(*piece);
  std::size_t total = 0;
  for (const std::string_view piece : pieces_) total += piece.size();

  const auto result = transport_->write(pieces_, net::Transport::WhenFull::refuse);
  if (!result.accepted) return false;
  exchange.sent = true;
  exchange.connection = this;
  exchange_ = &exchange;
  if (result.taken < total) {
    skip(pieces_, result.taken);
    transport_->queue(pieces_);
  }
  unsent_bytes_ = transport_->unsent_bytes();
  return true;
}

bool Connection::send_more() {
  while (more_at_ < more_bytes() && transport_->drained() && !transport_->ended()) {
    piece_ = exchange_->request.more(more_at_);
    if (piece_ == nullptr || piece_->empty() || piece_->size() > more_bytes() - more_at_)
      return false;
    more_at_ += piece_->size();
    pieces_.assign(1, *piece_);
    const auto result = transport_->write(pieces_, net::Transport::WhenFull::queue);
    if (result.error != 0) break;  // reading tells the end
    if (result.taken < piece_->size()) {
      skip(pieces_, result.taken);
      transport_->queue(pieces_);
    }
  }
  unsent_bytes_ = transport_->unsent_bytes();
  return true;
}

void Connection::on_drained() {
  if (exchange_ == nullptr) return;
  owner_.on_progress(*this);
  if (!send_more()) {
    refuse(Failure::Kind::cancelled, "was to be sent more than there is");
    return owner_.on_failed(*this, problem_kind_, std::move(problem_));
  }
  if (!exchange_->answering && written()) owner_.on_written(*this);
}

bool Connection::took_more() {
  const std::size_t before = std::exchange(unsent_bytes_, transport_->unsent_bytes());
  return unsent_bytes_ < before;
}

void Connection::on_bytes(std::string_view bytes) {
  if (exchange_ == nullptr) return owner_.on_idle_end(*this);
  owner_.on_progress(*this);
  exchange_->answering = true;
  const MessageParser::Step step = parser_.parse(bytes);
  switch (step.progress) {
    case MessageParser::Progress::more:
      return;
    case MessageParser::Progress::failed:
      if (problem_.empty()) {
        refuse(Failure::Kind::protocol, "sent a malformed answer: " + parser_.problem());
      }
      return owner_.on_failed(*this, problem_kind_, std::move(problem_));
    case MessageParser::Progress::complete:
      // Bytes behind the answer belong to no request: whoever sent them is out of step.
      return answered(parser_.keep_alive() && step.used == bytes.size());
  }
}

void Connection::on_end(const net::Transport::End& end) {
  if (exchange_ == nullptr) return owner_.on_idle_end(*this);
  using Cause = net::Transport::End::Cause;
  const bool whole =
      end.cause == Cause::closed && parser_.finish() == MessageParser::Progress::complete;
  if (whole && end.clean) return answered(false);
  if (end.cause == Cause::tls) {
    return owner_.on_failed(*this, Failure::Kind::tls, end.message);
  }
  const char* how = end.cause == Cause::reset ? "reset" : "closed";
  const char* when = !exchange_->answering ? "before it answered"
                     : whole ? "without saying that the answer was complete (TLS close_notify)"
                             : "in the middle of the answer";
  refuse(Failure::Kind::reset, fmt::format("{} the connection {}", how, when));
  owner_.on_failed(*this, problem_kind_, std::move(problem_));
}

bool Connection::on_head(MessageHead&& head) {
  response_.status = head.status;
  response_.headers = std::move(head.headers);
  const bool bodiless =
      head.status == 204 || head.status == 304 || exchange_->request.method == "HEAD";
  if (bodiless) return true;

  to_sink_ = exchange_->request.sink && head.status >= 200 && head.status < 300;
  const auto coding =
      inflates_ ? Inflater::coding(response_.headers.find("content-encoding").value_or(""))
                : Inflater::Coding::identity;
  if (coding == Inflater::Coding::unknown) {
    return refuse(Failure::Kind::protocol, "sent an answer in a content encoding not asked for");
  }
  if (coding != Inflater::Coding::identity) {
    inflater_ = std::make_unique<Inflater>(coding);
  } else if (head.content_length > 0 && !to_sink_) {
    const auto size = static_cast<std::uint64_t>(head.content_length);
    if (size > max_response_bytes_) return refuse_size();
    // What the peer says is not yet a reason to take memory.
    constexpr std::uint64_t kTrusted = 1024 * 1024;
    response_.body.reserve(std::min(size, kTrusted));
  }
  return true;
}

bool Connection::to_sink(std::string_view bytes) {
  return exchange_->request.sink(bytes) ||
         refuse(Failure::Kind::cancelled, "sent an answer that could not be kept");
}

bool Connection::on_body(std::string_view bytes) {
  std::string& into = to_sink_ ? inflated_ : response_.body;
  if (to_sink_ && inflater_ == nullptr) return to_sink(bytes);
  inflated_.clear();
  if (inflater_ == nullptr) {
    if (bytes.size() > max_response_bytes_ - response_.body.size()) return refuse_size();
    response_.body += bytes;
    return true;
  }
  switch (inflater_->add(bytes, into, max_response_bytes_)) {
    case Inflater::Result::ok:
      return !to_sink_ || to_sink(inflated_);
    case Inflater::Result::too_large:
      return refuse_size();
    case Inflater::Result::damaged:
      break;
  }
  return refuse(Failure::Kind::protocol, "sent an answer whose compression is damaged");
}

bool Connection::refuse(Failure::Kind kind, std::string_view why) {
  problem_kind_ = kind;
  problem_ = fmt::format("{} {}", authority_, why);
  return false;
}

bool Connection::refuse_size() {
  return refuse(Failure::Kind::too_large,
                fmt::format("sent an answer of more than {} bytes", max_response_bytes_));
}

void Connection::answered(bool reusable) {
  if (inflater_ && !inflater_->whole()) {
    refuse(Failure::Kind::protocol, "sent an answer whose compression ends too early");
    return owner_.on_failed(*this, problem_kind_, std::move(problem_));
  }
  inflater_.reset();
  reusable = reusable && written() && !transport_->ended();
  owner_.on_answered(*this, std::move(response_), reusable);
}

}  // namespace sluice::http
