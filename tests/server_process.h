// A server program that a test has running. It ends with the test, however that ends.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/scratch.h"

namespace sluice {

class ServerProcess {
 public:
  ServerProcess() = default;
  ~ServerProcess() { stop(SIGKILL); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Until it `answers`. What it says goes to the end of the file `log`. On the thread that the test ends with: the server ends
  // with the thread that started it.
  void start(std::vector<std::string> words, const std::string& log,
             const std::function<bool()>& answers) {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
      ::dup2(file, STDOUT_FILENO);
      ::dup2(file, STDERR_FILENO);
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    // What happens in another process has no event of its own here.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!answers()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << Scratch::read(log);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void signal(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  void stop(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  // Words before a program that refuses to run as root. `more`: what else setpriv is to do.
  static std::vector<std::string> not_as_root(const std::string& more = {}) {
    std::vector<std::string> words = {"setpriv"};
    if (!more.empty()) words.push_back(more);
    if (::getuid() == 0)
      words.insert(words.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
    else
      words.push_back("--no-new-privs");
    return words;
  }
  // A port that was free a moment ago.
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
  pid_t pid_ = 0;
};

}  // namespace sluice
