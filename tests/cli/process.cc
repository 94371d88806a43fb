#include "tests/cli/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace sluice::cli {
namespace {

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

}  // namespace

Process::Process(const std::string& folder, const std::string& name,
                 const std::vector<std::string>& arguments)
    : stem_(folder + "/" + name) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  // Opened here, so that output() shows nothing of an earlier process of this name.
  const auto open = [](const std::string& path, int flags) {
    return ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  };
  const int in = open("/dev/null", O_RDONLY);
  const int out = open(stem_ + ".out", O_WRONLY | O_CREAT | O_TRUNC);
  const int err = open(stem_ + ".err", O_WRONLY | O_CREAT | O_TRUNC);
  pid_ = ::fork();
  if (pid_ != 0) {
    for (const int fd : {in, out, err}) ::close(fd);
    return;
  }
  // The child: only calls that are safe after a fork.
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (::chdir(folder.c_str()) == 0) ::execv(argv[0], argv.data());
  ::_exit(127);
}

Process::~Process() {
  if (status_) return;
  signal(SIGKILL);
  reap(0);
}

void Process::signal(int number) {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Process::reap(int options) {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, options) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

bool Process::running() {
  return !reap(WNOHANG);
}

bool Process::runs_until(const std::function<bool()>& holds, std::chrono::seconds timeout) {
  if (status_) return holds();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const int process_fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{process_fd, POLLIN, 0};
  bool held = holds();
  while (!held && ::poll(&ended, 1, 1) == 0 && std::chrono::steady_clock::now() < deadline)
    held = holds();
  ::close(process_fd);
  return held;
}

std::optional<int> Process::wait(std::chrono::seconds timeout) {
  if (status_) return status_;
  const int process_fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{process_fd, POLLIN, 0};
  const int ready = ::poll(&ended, 1, static_cast<int>(std::chrono::milliseconds(timeout).count()));
  ::close(process_fd);
  if (ready == 1) return reap(0);
  signal(SIGKILL);
  reap(0);
  return std::nullopt;
}

std::string Process::output() const {
  return read_file(stem_ + ".out");
}
std::string Process::errors() const {
  return read_file(stem_ + ".err");
}

}  // namespace sluice::cli
