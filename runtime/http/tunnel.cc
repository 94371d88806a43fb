#include "http/tunnel.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace sluice::http {

Tunnel::Tunnel(net::Loop::Impl& loop, net::Socket::Ptr socket, const std::string& target,
               const std::string& headers, Owner& owner)
    : owner_(owner),
      request_(fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{1}\r\n", target, headers)),
      target_(target),
      transport_(loop, nullptr, *this, std::move(socket)),
      parser_(MessageParser::Type::response, *this) {
  // A tunnel begins right behind the head, as an answer to HEAD ends; of a refusal the status alone
  // is of interest.
  parser_.start(true);
}

void Tunnel::start() {
  if (const int status = transport_.start(); status != 0) {
    owner_.on_no_tunnel(fmt::format("cannot be heard: {}", uv_strerror(status)));
  }
}

void Tunnel::on_ready() {
  std::array<std::string_view, 1> rest = {request_};
  // With an error the proxy has gone, which reading will tell.
  const auto result = transport_.write(rest, net::Transport::WhenFull::queue);
  rest[0].remove_prefix(result.taken);
  if (result.error == 0 && !rest[0].empty()) transport_.queue(rest);
}

void Tunnel::on_bytes(std::string_view bytes) {
  const MessageParser::Step step = parser_.parse(bytes);
  if (step.progress == MessageParser::Progress::more) return;
  if (step.progress == MessageParser::Progress::failed) {
    return owner_.on_no_tunnel(
        fmt::format("gave a malformed answer to CONNECT: {}", parser_.problem()));
  }
  if (status_ < 200 || status_ > 299) {
    return owner_.on_no_tunnel(fmt::format("refuses a tunnel to {} with status {}{}", target_,
                                           status_, refusal_message(status_)));
  }
  if (step.used != bytes.size()) {
    return owner_.on_no_tunnel(
        fmt::format("sent more than its answer to CONNECT: nothing of it can be from {}", target_));
  }
  owner_.on_tunnel(transport_.release());
}

void Tunnel::on_end(const net::Transport::End& end) {
  const char* how = end.cause == net::Transport::End::Cause::reset ? "reset" : "closed";
  owner_.on_no_tunnel(fmt::format("{} the connection instead of opening a tunnel", how));
}

bool Tunnel::on_head(MessageHead&& head) {
  status_ = head.status;
  return true;
}

std::string_view refusal_message(int status) {
  switch (status) {
    case 403:
    case 405:
      return " (it does not allow this host or port)";
    case 407:
      return " (user name or password of the proxy missing or wrong)";
    case 502:
    case 503:
    case 504:
      return " (it cannot reach that host)";
    default:
      return "";
  }
}

}  // namespace sluice::http
