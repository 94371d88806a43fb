#include "storage/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::storage {

core::Result<MemoryFile> MemoryFile::make(std::string_view bytes) {
  MemoryFile file(::memfd_create("sluice", MFD_CLOEXEC));
  if (file.fd_ < 0) return core::fail_errno("cannot make a file in memory", errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return core::fail_errno("cannot write a file in memory", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

MemoryFile::~MemoryFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string MemoryFile::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

}  // namespace sluice::storage
