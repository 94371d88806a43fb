#include "shell/child_command.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace sluice::shell {
namespace {

constexpr core::Duration kGrace = std::chrono::seconds(2);

// A file in memory that holds `text`, read from its start; -1 with errno.
int memory_file(const std::string& text) {
  const int file = ::memfd_create("summary", MFD_CLOEXEC);
  if (file < 0) return -1;
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t wrote = ::write(file, text.data() + at, text.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      ::close(file);
      return -1;
    }
    at += static_cast<std::size_t>(wrote);
  }
  ::lseek(file, 0, SEEK_SET);
  return file;
}

std::vector<std::string> environment_with(const ChildCommand& command) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    bool replaced = false;
    for (const auto& [name, value] : command.variables)
      replaced = replaced || (text.starts_with(name) && text.substr(name.size()).starts_with('='));
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : command.variables) all.push_back(name + "=" + value);
  return all;
}

// The leader of a new process group; negative: an errno.
pid_t start(const ChildCommand& command, int input) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t how;
  ::posix_spawnattr_init(&how);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setpgroup(&how, 0);
  sigset_t defaults;  // what this process ignores is nothing to a command
  sigemptyset(&defaults);
  for (const int number : {SIGPIPE, SIGXFSZ}) sigaddset(&defaults, number);
  ::posix_spawnattr_setsigdefault(&how, &defaults);
  std::vector<std::string> texts = environment_with(command);
  std::vector<char*> variables;
  for (std::string& text : texts) variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string name = "sh", option = "-c", text = command.command;
  char* arguments[] = {name.data(), option.data(), text.data(), nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, "/bin/sh", &files, &how, arguments, variables.data());
  ::posix_spawnattr_destroy(&how);
  ::posix_spawn_file_actions_destroy(&files);
  return error == 0 ? pid : -error;
}

std::string end_of(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

// Waits for `done`, which releases `signal`; false after `longest`, or at a signal.
bool wait_for(const std::atomic<bool>& done, StopSignal& signal, core::Duration longest,
              bool* stopped) {
  const core::SystemClock clock;
  const core::Time until = clock.now() + longest;
  while (!done) {
    const core::Duration left = until - clock.now();
    if (left <= core::Duration::zero()) return false;
    signal.wait(std::chrono::ceil<std::chrono::milliseconds>(left));
    if (stopped != nullptr && signal.seen() && !done) {
      *stopped = true;
      return false;
    }
  }
  return true;
}

}  // namespace

core::Status run_command(const ChildCommand& command, StopSignal& signal) {
  const int input = memory_file(command.input);
  if (input < 0) return core::fail_errno("cannot be given its input", errno);
  const pid_t pid = start(command, input);
  ::close(input);
  if (pid < 0) return core::fail_errno("cannot be started", -pid);
  std::atomic<bool> done = false;
  int status = 0;
  std::thread waiter([&] {
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    done = true;
    signal.release();
  });
  bool stopped = false;
  const bool in_time = wait_for(done, signal, command.longest, &stopped);
  if (!in_time) {
    ::kill(-pid, SIGTERM);
    wait_for(done, signal, kGrace, nullptr);
    ::kill(-pid, SIGKILL);  // also what outlives the shell
  }
  waiter.join();
  if (stopped) return core::fail(core::ErrorCode::io, "was interrupted, and ended");
  if (!in_time)
    return core::fail(core::ErrorCode::io, fmt::format("took longer than {:.0f} s, and was ended",
                                                       core::in_seconds(command.longest)));
  if (status != 0) return core::fail(core::ErrorCode::io, end_of(status));
  return {};
}

}  // namespace sluice::shell
