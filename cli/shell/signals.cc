#include "shell/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>

#include "observe/display.h"

namespace sluice::shell {
namespace {

constexpr std::uint64_t kSignalled = 1;
constexpr std::uint64_t kReleased = 1ull << 32;

std::atomic<int> signals_seen{0};
std::atomic<int> signal_fd{-1};

// Only what is safe in a signal handler. The checkpoint needs no farewell: it is always resumable.
extern "C" void on_signal(int) {
  if (signals_seen.fetch_add(1) > 0) {
    observe::Display::restore_terminal();
    ::_exit(130);
  }
  const ssize_t ignored = ::write(signal_fd.load(), &kSignalled, sizeof kSignalled);
  static_cast<void>(ignored);
}

void handle(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopSignal::StopSignal() : wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  signals_seen = 0;
  signal_fd = wake_fd_;
  handle(on_signal);
}

StopSignal::~StopSignal() {
  handle(SIG_DFL);
  signal_fd = -1;
  ::close(wake_fd_);
}

StopSignal::Woken StopSignal::wait(std::chrono::milliseconds timeout) {
  pollfd wanted{wake_fd_, POLLIN, 0};
  ::poll(&wanted, 1, static_cast<int>(timeout.count()));
  std::uint64_t count = 0;
  if (::read(wake_fd_, &count, sizeof count) != sizeof count) return Woken::timeout;
  return count >= kReleased ? Woken::released : Woken::signal;
}

bool StopSignal::seen() const {
  return signals_seen > 0;
}

void StopSignal::release() {
  const ssize_t ignored = ::write(wake_fd_, &kReleased, sizeof kReleased);
  static_cast<void>(ignored);
}

}  // namespace sluice::shell
