#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <utility>

namespace sluice::http {
namespace {

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

int port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// For a listener the kernel tells its queue and the queue's bound here.
bool queue_is_full(int listener) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) std::abort();
  return info.tcpi_unacked > info.tcpi_sacked;
}

}  // namespace

sockaddr_storage socket_address(const std::string& ip, int port) {
  sockaddr_storage address{};
  auto& in6 = reinterpret_cast<sockaddr_in6&>(address);
  auto& in = reinterpret_cast<sockaddr_in&>(address);
  const auto network_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET6, ip.c_str(), &in6.sin6_addr) == 1) {
    in6.sin6_family = AF_INET6;
    in6.sin6_port = network_port;
  } else if (inet_pton(AF_INET, ip.c_str(), &in.sin_addr) == 1) {
    in.sin_family = AF_INET;
    in.sin_port = network_port;
  } else {
    std::abort();
  }
  return address;
}

bool has_ipv6() {
  return RefusingPort("::1").bound();
}

RefusingPort::RefusingPort(const std::string& ip, int port) {
  sockaddr_storage address = socket_address(ip, port);
  descriptor_ = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t size = size_of(address);
  if (descriptor_ >= 0 && bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port_ = port_of(address);
  } else if (descriptor_ >= 0) {
    close(std::exchange(descriptor_, -1));
  }
}

RefusingPort::~RefusingPort() {
  if (descriptor_ >= 0) close(descriptor_);
}

SilentPort::SilentPort(const std::string& ip, int port) : RefusingPort(ip, port) {
  if (!bound()) return;
  if (listen(descriptor_, 0) != 0) std::abort();
  const sockaddr_storage address = socket_address(ip, port_);
  while (!queue_is_full(descriptor_)) {
    const int filler = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    connect(filler, reinterpret_cast<const sockaddr*>(&address), size_of(address));
    fillers_.push_back(filler);
    // Whether this one has been queued is known as soon as it is connected, or is never: then the
    // queue is full.
    for (;;) {
      pollfd ready{filler, POLLOUT, 0};
      if (queue_is_full(descriptor_) || poll(&ready, 1, 0) == 1) break;
      std::this_thread::yield();
    }
  }
}

SilentPort::~SilentPort() {
  for (const int filler : fillers_) close(filler);
}

void wait_until_ended(int port) {
  for (int descriptor = 3; descriptor < 1024; ++descriptor) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (port_of(peer) != port) continue;
    pollfd ended{descriptor, POLLRDHUP, 0};
    while (poll(&ended, 1, -1) < 0) {
    }
  }
}

}  // namespace sluice::http
