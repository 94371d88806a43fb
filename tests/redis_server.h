// A Redis server of the test's own, from Debian's package: in a scratch folder, on a Unix socket there, and on a port of
// loopback where a test wants one. It keeps nothing over its end unless it is told to, and ends with the test, however that
// ends. Where Redis is not installed, tests are skipped, but not with CI set.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/scratch.h"

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
  ~RedisServer() { stop(SIGKILL); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // On the thread that the test ends with: the server ends with the thread that started it.
  void start() {
    std::vector<std::string> words = {program(),
                                      "--unixsocket",
                                      socket(),
                                      "--port",
                                      "0",
                                      "--save",
                                      "",
                                      "--dir",
                                      folder_.path(),
                                      "--enable-debug-command",
                                      "yes",
                                      "--logfile",
                                      folder_.path("log")};
    words.insert(words.end(), options_.begin(), options_.end());
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    // What happens in another process has no event of its own here.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!answers()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << Scratch::read(folder_.path("log"));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void stop(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  std::string socket() const { return folder_.path("redis.sock"); }
  std::string url() const { return "unix:" + socket(); }
  const Scratch& folder() const { return folder_; }

  // A port that was free a moment ago: Redis takes zero for "none".
  static int free_port() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ::close(descriptor);
    return ntohs(address.sin_port);
  }

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
  pid_t pid_ = 0;
};

// At the start of a test, or its SetUp().
#define SLUICE_NEEDS_REDIS()                                                \
  if (::sluice::RedisServer::program().empty()) {                           \
    if (std::getenv("CI") != nullptr) FAIL() << "Redis is not installed";   \
    GTEST_SKIP() << "Redis is not installed: apt-get install redis-server"; \
  }

}  // namespace sluice
