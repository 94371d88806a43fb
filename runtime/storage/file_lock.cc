#include "storage/file_lock.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>

namespace sluice::storage {
namespace {

// Lines of /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF". The process is 0 where
// it is in another namespace. Some file systems show another device there than stat() does.
std::string holder_of(const struct stat& file) {
  const std::string device =
      fmt::format("{:02x}:{:02x}:{}", major(file.st_dev), minor(file.st_dev), file.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, type, advisory, access, where;
    pid_t process = 0;
    if (!(words >> number >> type >> advisory >> access >> process >> where)) continue;
    if (type == "FLOCK" && where == device && process > 0)
      return fmt::format("process {}", process);
  }
  return "another process";
}

}  // namespace

core::Status lock_for_writing(int fd, const std::string& path) {
  int failed = 0;
  do {
    failed = ::flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  } while (failed == EINTR);
  if (failed == 0 || failed == ENOLCK || failed == EOPNOTSUPP || failed == ENOSYS ||
      failed == EINVAL)
    return {};
  if (failed != EWOULDBLOCK) return core::fail_errno("cannot lock the file", failed, path);
  struct stat info{};
  const std::string holder = ::fstat(fd, &info) == 0 ? holder_of(info) : "another process";
  return core::fail(
      core::ErrorCode::busy,
      fmt::format("is being written by {}. Wait for it or stop it first, or give this "
                  "job files of its own",
                  holder),
      path);
}

}  // namespace sluice::storage
