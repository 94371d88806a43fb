#include "tests/cli/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace sluice::cli {
namespace {

std::string text_of(int file) {
  struct stat about{};
  ::fstat(file, &about);
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  const ssize_t read = ::pread(file, text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
  return text;
}

}  // namespace

Process::Process(const std::string& folder, const std::string& name,
                 const std::vector<std::string>& arguments)
    : output_(::memfd_create(name.c_str(), MFD_CLOEXEC)),
      errors_(::memfd_create(name.c_str(), MFD_CLOEXEC)) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = ::fork();
  if (pid_ != 0) {
    ::close(in);
    return;
  }
  // The child: only calls that are safe after a fork.
  ::dup2(in, STDIN_FILENO);
  ::dup2(output_, STDOUT_FILENO);
  ::dup2(errors_, STDERR_FILENO);
  if (::chdir(folder.c_str()) == 0) ::execv(argv[0], argv.data());
  ::_exit(127);
}

Process::~Process() {
  if (!status_) {
    signal(SIGKILL);
    reap(0);
  }
  ::close(output_);
  ::close(errors_);
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
  return text_of(output_);
}
std::string Process::errors() const {
  return text_of(errors_);
}

}  // namespace sluice::cli
