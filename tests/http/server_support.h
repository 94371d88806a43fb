// What the tests of the server share: a caller that says and hears bytes, and a server on this thread's
// loop while it does.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/server.h"
#include "net/loop.h"

namespace sluice::http {

// A blocking socket: says bytes, hears bytes.
class Caller {
 public:
  explicit Caller(int port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{240, 0};  // no test may hang
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Caller() { close(descriptor_); }
  Caller(const Caller&) = delete;

  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void say_no_more() { shutdown(descriptor_, SHUT_WR); }
  std::string hear(const std::string& end) {
    while (heard_.find(end) == std::string::npos && hear_some()) {
    }
    const std::size_t at = heard_.find(end);
    if (at == std::string::npos) return std::exchange(heard_, {});
    std::string all = heard_.substr(0, at + end.size());
    heard_.erase(0, at + end.size());
    return all;
  }
  std::string hear_all() {
    while (hear_some()) {
    }
    return std::exchange(heard_, {});
  }
  int error() const { return error_; }  // errno of the last hearing

 private:
  bool hear_some() {
    char bytes[65536];
    const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
    error_ = count < 0 ? errno : 0;
    if (count <= 0) return false;
    heard_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int descriptor_;
  int error_ = 0;
  std::string heard_;
};

class ServerTest : public testing::Test {
 protected:
  // Serves on the loop of this thread while `calls` run on another.
  void serve(Handler handler, const std::function<void(int port)>& calls,
             std::size_t max_body_bytes = 1'000'000) {
    ServerOptions options;
    options.max_body_bytes = max_body_bytes;
    serve(std::move(handler), calls, options);
  }
  void serve(Handler handler, const std::function<void(int port)>& calls, ServerOptions options) {
    options.goodbye = std::chrono::seconds(240);  // no peer here is slow on purpose
    auto server = Server::listen(loop_, options, std::move(handler));
    ASSERT_TRUE(server.has_value()) << server.error().text();
    std::thread caller([&] {
      calls((*server)->port());
      loop_.stop();
    });
    loop_.run();
    caller.join();
  }
  static void echo(ServerRequest request, std::shared_ptr<Responder> responder) {
    ServerResponse response;
    response.content_type = "text/plain";
    response.body = request.method + " " + request.target + " " + request.body + "\n";
    responder->respond(response);
  }

  net::Loop loop_;
  std::unique_ptr<net::Loop::Timer> later_;
};

}  // namespace sluice::http
