#include "place/local_copy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

namespace sluice::place {

core::Result<LocalCopy> LocalCopy::make(storage::InputFile& file, const std::string& name) {
  const char* given = std::getenv("TMPDIR");
  std::string path = given != nullptr && *given != '\0' ? given : "/tmp";
  const std::string folder = path;
  path += "/sluice-copy-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return core::fail_errno("cannot make a copy of " + name, errno, folder);
  LocalCopy copy(fd);
  ::unlink(path.c_str());
  constexpr std::size_t kBytes = 256 * 1024;
  const auto bytes = std::make_unique<std::array<char, kBytes>>();
  while (true) {
    const auto got = file.read(*bytes);
    if (!got) return std::unexpected(got.error());
    if (got->state == storage::InputFile::State::end) return copy;
    std::string_view left(bytes->data(), got->count);
    while (!left.empty()) {
      const ssize_t written = ::write(fd, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0)
        return core::fail_errno("cannot copy " + name + " (TMPDIR names another folder)", errno,
                                folder);
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

LocalCopy::LocalCopy(LocalCopy&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
LocalCopy& LocalCopy::operator=(LocalCopy&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
LocalCopy::~LocalCopy() {
  if (fd_ >= 0) ::close(fd_);
}

std::string LocalCopy::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

}  // namespace sluice::place
