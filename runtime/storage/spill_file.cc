#include "storage/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "storage/disk_error.h"

namespace sluice::storage {
namespace {

int open_unnamed(const std::string& directory) {
#ifdef O_TMPFILE
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  // EISDIR: the kernel does not know O_TMPFILE. EOPNOTSUPP: the file system does not.
  if (fd >= 0 || (errno != EISDIR && errno != EOPNOTSUPP)) return fd;
#endif
  std::string path = directory + "/spill-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace

core::Result<SpillFile> SpillFile::make(const std::string& directory) {
  const int fd = open_unnamed(directory);
  if (fd < 0) return disk_failed("make a temporary file here", errno, directory);
  return SpillFile(fd, directory);
}

SpillFile::SpillFile(SpillFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), directory_(std::move(other.directory_)) {}

SpillFile::~SpillFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string SpillFile::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

core::Status SpillFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return disk_failed("write a temporary file here", errno, directory_);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

core::Status SpillFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t done = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0)
      return disk_failed("read a temporary file here", done < 0 ? errno : EIO, directory_);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
  return {};
}

}  // namespace sluice::storage
