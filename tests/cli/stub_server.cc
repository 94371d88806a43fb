#include "tests/cli/stub_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

namespace sluice::cli {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Head and body of the next request; what is behind it stays in `pending`. nullopt when the client
// has closed.
std::optional<std::string> read_request(int descriptor, std::string& pending) {
  std::size_t wanted = std::string::npos;
  while (true) {
    if (const auto end = pending.find("\r\n\r\n");
        wanted == std::string::npos && end != pending.npos) {
      wanted = end + 4;
      std::string head = pending.substr(0, end);
      std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
      if (const auto at = head.find("content-length: "); at != head.npos)
        wanted += std::strtoul(head.c_str() + at + 16, nullptr, 10);
    }
    if (wanted != std::string::npos && pending.size() >= wanted) {
      std::string request = pending.substr(0, wanted);
      pending.erase(0, wanted);
      return request;
    }
    char bytes[4096];
    const ssize_t count = ::recv(descriptor, bytes, sizeof bytes, 0);
    if (count <= 0) return std::nullopt;
    pending.append(bytes, static_cast<std::size_t>(count));
  }
}

void forward(int client, int to) {
  const sockaddr_in address = loopback(to);
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    pollfd ready[2] = {{client, POLLIN, 0}, {other, POLLIN, 0}};
    const auto pass = [](int from, int into) {
      char bytes[16384];
      const ssize_t count = ::recv(from, bytes, sizeof bytes, 0);
      return count > 0 && send_all(into, {bytes, static_cast<std::size_t>(count)});
    };
    for (bool open = true; open && ::poll(ready, 2, -1) > 0;) {
      if (ready[0].revents != 0) open = pass(client, other);
      if (open && ready[1].revents != 0) open = pass(other, client);
    }
  }
  ::close(other);
}

}  // namespace

Listener::Listener(std::function<void(int, int)> serve) : serve_(std::move(serve)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 512) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

Listener::~Listener() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  thread_.join();
  ::close(listener_);
  {
    std::lock_guard lock(mutex_);
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void Listener::accept_all() {
  for (int number = 0; !stopping_; ++number) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    std::lock_guard lock(mutex_);
    const auto place = open_.insert(open_.end(), descriptor);
    threads_.emplace_back([this, descriptor, number, place] {
      serve_(descriptor, number);
      std::lock_guard ending(mutex_);
      open_.erase(place);
      ::close(descriptor);
    });
  }
}

StubServer::StubServer(Handler handler)
    : handler_(std::move(handler)), listener_([this](int descriptor, int) { serve(descriptor); }) {}

void StubServer::serve(int descriptor) {
  std::string pending;
  while (const auto request = read_request(descriptor, pending)) {
    std::string response;
    {
      std::lock_guard lock(mutex_);
      response = handler_(*request, requests_++);
    }
    if (!send_all(descriptor, response)) return;
  }
}

DroppingProxy::DroppingProxy(int to, int every)
    : to_(to), every_(every), listener_([this](int descriptor, int number) {
        if ((number + 1) % every_ != 0) return forward(descriptor, to_);
        ++dropped_;
        char bytes[4096];
        (void)::recv(descriptor, bytes, sizeof bytes, 0);
        const linger hard{1, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      }) {}

std::string http_reply(int status, std::string_view headers, std::string_view body) {
  return fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n{}", status, headers,
                     body.size(), body);
}

std::string good_answer() {
  return http_reply(
      200, "Content-Type: application/json\r\n",
      R"({"model":"mock","choices":[{"finish_reason":"stop","message":{"role":"assistant",)"
      R"("content":"{\"colour\":\"red\",\"size\":3}"}}],)"
      R"("usage":{"prompt_tokens":20,"completion_tokens":5}})");
}

}  // namespace sluice::cli
