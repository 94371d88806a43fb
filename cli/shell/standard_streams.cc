#include "shell/standard_streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace sluice::shell {

void occupy_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    const int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDWR;
    if (::open("/dev/null", flags) != fd) ::_exit(5);  // the lowest free number, or nothing works
  }
}

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int close_output(int exit_status) {
  errno = 0;
  const bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (!failed || errno == EPIPE) return exit_status;
  say(fmt::format("sluice: cannot write to standard output: {}\n",
                  std::generic_category().message(errno == 0 ? EIO : errno)));
  return 5;
}

}  // namespace sluice::shell
