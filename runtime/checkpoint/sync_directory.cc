#include "checkpoint/sync_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::checkpoint {

core::Status sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return core::fail_errno("cannot open", errno, directory);
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return core::fail_errno("cannot sync", failed, directory);
  return {};
}

}  // namespace sluice::checkpoint
