// A Redis server of the test's own, from Debian's package: in a scratch folder, on a Unix socket there, and on a port of
// loopback where a test wants one. It keeps nothing over its end unless it is told to, and ends with the test, however that
// ends. Where Redis is not installed, tests are skipped, but not with CI set.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/scratch.h"
#include "tests/server_process.h"

namespace sluice {

class RedisServer {
 public:
  static std::string program() {
    for (const char* path : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"})
      if (std::filesystem::exists(path)) return path;
    return {};
  }

  // `options` as on the command line: {"--requirepass", "secret"}.
  explicit RedisServer(std::vector<std::string> options = {}) : options_(std::move(options)) {
    start();
  }

  // On the thread that the test ends with (server_process.h).
  void start() {
    std::vector<std::string> words = {
        program(),      "--unixsocket",           socket(), "--port", "0", "--save", "", "--dir",
        folder_.path(), "--enable-debug-command", "yes"};
    words.insert(words.end(), options_.begin(), options_.end());
    process_.start(std::move(words), folder_.path("log"), [this] { return answers(); });
  }
  void stop(int signal) { process_.stop(signal); }
  void signal(int signal) const { process_.signal(signal); }

  std::string socket() const { return folder_.path("redis.sock"); }
  std::string url() const { return "unix:" + socket(); }
  const Scratch& folder() const { return folder_; }

  // Redis takes zero for "none".
  static int free_port() { return ServerProcess::free_port(); }

 private:
  // PONG, or that a password is wanted.
  bool answers() const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket();
    std::copy(path.begin(), path.end(), address.sun_path);
    char answer[64] = "";
    const bool good =
        ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::write(descriptor, "PING\r\n", 6) == 6 && ::read(descriptor, answer, sizeof answer) > 0;
    ::close(descriptor);
    return good && !std::string_view(answer).starts_with("-LOADING");
  }

  Scratch folder_;
  std::vector<std::string> options_;
  ServerProcess process_;
};

// At the start of a test, or its SetUp().
#define SLUICE_NEEDS_REDIS()                                                \
  if (::sluice::RedisServer::program().empty()) {                           \
    if (std::getenv("CI") != nullptr) FAIL() << "Redis is not installed";   \
    GTEST_SKIP() << "Redis is not installed: apt-get install redis-server"; \
  }

}  // namespace sluice
