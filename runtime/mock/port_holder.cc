#include "mock/port_holder.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace sluice::mock {

void PortHolder::hold(const std::string& host, int port) {
  release();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return;
  // With SO_REUSEADDR on both, a listener can be bound beside a socket that only holds the port.
  const int on = 1;
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(socket_, found->ai_addr, found->ai_addrlen) != 0) release();
}

void PortHolder::release() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

}  // namespace sluice::mock
