// A server whose answers the test writes: on a Unix socket, a thread for all connections, one after the other.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "redis/reply_reader.h"
#include "tests/scratch.h"

namespace sluice::redis {

class StubServer {
 public:
  using Words = std::vector<std::string>;
  // The bytes to answer with; nothing: closes the connection.
  using Answer = std::function<std::optional<std::string>(const Words&)>;

  explicit StubServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_.path("s");
    std::copy(path.begin(), path.end(), address.sun_path);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~StubServer() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (const int open = connection_; open >= 0) ::shutdown(open, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "unix:" + folder_.path("s"); }
  // Without the greetings.
  std::vector<Words> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void serve() {
    while (!ending_) {
      connection_ = ::accept(listener_, nullptr, nullptr);
      if (connection_ < 0) return;
      talk();
      ::close(connection_.exchange(-1));
    }
  }
  void talk() {
    ReplyReader reader;  // a command is an array of texts, as in a reply
    std::string bytes(4096, '\0');
    for (;;) {
      const ssize_t count = ::read(connection_, bytes.data(), bytes.size());
      if (count <= 0) return;
      reader.feed(std::string_view(bytes).substr(0, static_cast<std::size_t>(count)));
      for (auto command = reader.next(); command && *command; command = reader.next()) {
        Words words;
        for (const Reply& word : (*command)->items) words.push_back(word.text);
        const bool greeting = words[0] == "PING" || words[0] == "AUTH" || words[0] == "CLIENT";
        if (!greeting) {
          const std::lock_guard lock(mutex_);
          asked_.push_back(words);
        }
        const auto answer =
            words[0] == "PING" ? std::optional<std::string>("+PONG\r\n") : answer_(words);
        if (!answer) return;
        if (::write(connection_, answer->data(), answer->size()) < 0) return;
      }
    }
  }

  const Answer answer_;
  Scratch folder_;
  int listener_ = -1;
  std::atomic<int> connection_ = -1;
  std::atomic<bool> ending_ = false;
  mutable std::mutex mutex_;  // guards asked_
  std::vector<Words> asked_;
  std::thread thread_;
};

}  // namespace sluice::redis
