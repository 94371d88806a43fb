#include "tests/cli/http_ask.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace sluice::cli {

HttpReply http_ask(int port, const std::string& method, const std::string& target,
                   const std::string& headers, const std::string& body) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string reply;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = method + " " + target + " HTTP/1.1\r\n" + headers +
                                "Content-Length: " + std::to_string(body.size()) +
                                "\r\nConnection: close\r\n\r\n" + body;
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request.size())) {
      char chunk[4096];
      for (ssize_t n = 0; (n = ::read(fd, chunk, sizeof chunk)) > 0;)
        reply.append(chunk, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  const auto end = reply.find("\r\n\r\n");
  if (end == reply.npos || reply.size() < 12) return {};
  return {std::atoi(reply.c_str() + 9), reply.substr(0, end), reply.substr(end + 4)};
}

}  // namespace sluice::cli
