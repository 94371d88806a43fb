#include "raw_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <semaphore>
#include <utility>

#include "sockets.h"

namespace sluice::http {

void pass_once(net::Loop& loop) {
  // Twice: the first wake-up may be looked at before the socket in the same turn. When the test has
  // had enough and stopped its loop, there is nothing to wait for.
  for (int i = 0; i < 2; ++i) {
    const auto passed = std::make_shared<std::binary_semaphore>(0);
    loop.post([passed] { passed->release(); });
    if (!passed->try_acquire_for(std::chrono::seconds(5))) return;
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

void RawServer::Peer::wait_until_there() {
  int unacknowledged = 0;
  while (ioctl(descriptor_, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0) {
    std::this_thread::yield();
  }
}

void RawServer::Peer::send_pieces(net::Loop& loop, std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    send(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    // Behind the last the client may be done, and its loop at rest.
    if (!bytes.empty()) pass_once(loop);
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

void RawServer::Peer::forward_to(int port) {
  const sockaddr_storage address = socket_address("127.0.0.1", port);
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)) == 0) {
    pollfd ready[2] = {{descriptor_, POLLIN, 0}, {other, POLLIN, 0}};
    const auto pass = [&](int from, int to) {
      char bytes[16384];
      const ssize_t count = recv(from, bytes, sizeof bytes, 0);
      return count > 0 && ::send(to, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
    };
    for (bool open = true; open && poll(ready, 2, -1) > 0;) {
      if (ready[0].revents != 0) open = pass(descriptor_, other);
      if (open && ready[1].revents != 0) open = pass(other, descriptor_);
    }
  }
  ::close(other);
}

RawServer::RawServer(const Options& options, Script script)
    : script_(std::move(script)), ip_(options.ip) {
  sockaddr_storage address = socket_address(ip_, options.port);
  const bool ipv6 = address.ss_family == AF_INET6;
  socklen_t size = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  listener_ = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (options.receive_bytes > 0) {  // what it accepts inherits it
    setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &options.receive_bytes, sizeof(int));
  }
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
  const bool ipv6 = ip_.find(':') != std::string::npos;
  return ipv6 ? fmt::format("http://[{}]:{}", ip_, port_) : fmt::format("http://{}:{}", ip_, port_);
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
