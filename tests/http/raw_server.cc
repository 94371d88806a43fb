#include "raw_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <semaphore>
#include <utility>

namespace sluice::http {

void pass_once(Loop& loop) {
  // Twice: the first wake-up may be looked at before the socket in the same turn.
  for (int i = 0; i < 2; ++i) {
    std::binary_semaphore passed(0);
    loop.post([&] { passed.release(); });
    passed.acquire();
  }
}

std::string RawServer::Peer::read_request() {
  std::string all = std::exchange(pending_, {});
  std::size_t wanted = std::string::npos;
  for (;;) {
    if (wanted == std::string::npos) {
      if (const auto end = all.find("\r\n\r\n"); end != std::string::npos) {
        wanted = end + 4;
        std::string lower = all.substr(0, end);
        std::transform(lower.begin(), lower.end(), lower.begin(), ::tolower);
        if (const auto at = lower.find("content-length: "); at != std::string::npos) {
          wanted += std::strtoul(lower.c_str() + at + 16, nullptr, 10);
        }
      }
    }
    if (wanted != std::string::npos && all.size() >= wanted) {
      pending_ = all.substr(wanted);
      return all.substr(0, wanted);
    }
    char bytes[4096];
    const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
    if (count <= 0) return all;
    all.append(bytes, static_cast<std::size_t>(count));
  }
}

bool RawServer::Peer::read_until_closed() {
  char bytes[4096];
  for (;;) {
    const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
    if (count <= 0) return count == 0;
  }
}

std::string RawServer::Peer::read_some() {
  char bytes[4096];
  const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
  return {bytes, count > 0 ? static_cast<std::size_t>(count) : 0};
}

std::string RawServer::Peer::read_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  const ssize_t got = recv(descriptor_, bytes.data(), count, MSG_WAITALL);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

void RawServer::Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RawServer::Peer::send_pieces(Loop& loop, std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    send(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    pass_once(loop);
  }
}

bool RawServer::Peer::alive() {
  char byte = 0;
  return recv(descriptor_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
}

void RawServer::Peer::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void RawServer::Peer::reset() {
  const linger hard{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

RawServer::RawServer(Script script, bool ipv6) : script_(std::move(script)), ipv6_(ipv6) {
  sockaddr_storage address{};
  socklen_t size = 0;
  if (ipv6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(address);
    in6.sin6_family = AF_INET6;
    in6.sin6_addr = in6addr_loopback;
    size = sizeof in6;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(address);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof in;
  }
  listener_ = socket(address.ss_family, SOCK_STREAM, 0);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 512) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(ipv6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                     : reinterpret_cast<sockaddr_in&>(address).sin_port);
  thread_ = std::thread([this] { serve(); });
}

RawServer::~RawServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);  // wakes accept()
  thread_.join();
  ::close(listener_);
}

std::string RawServer::url() const {
  return fmt::format("http://{}:{}", ipv6_ ? "[::1]" : "127.0.0.1", port_);
}

void RawServer::serve() {
  for (int number = 0; !stopping_; ++number) {
    const int descriptor = accept(listener_, nullptr, nullptr);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Peer peer(descriptor);
    script_(peer, number);
  }
}

}  // namespace sluice::http
