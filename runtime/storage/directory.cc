#include "storage/directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace sluice::storage {
namespace {

namespace fs = std::filesystem;

// 0, or an errno value.
int try_sync(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return failed;
}

bool passed_over(int failed) {
  return failed == EACCES || failed == EPERM || failed == EINVAL || failed == EOPNOTSUPP ||
         failed == EROFS;
}

}  // namespace

core::Status sync_directory(const std::string& directory) {
  if (const int failed = try_sync(directory); failed != 0)
    return core::fail_errno("cannot sync", failed, directory);
  return {};
}

core::Status sync_name(const std::string& path) {
  fs::path at = path;
  if (!at.has_filename()) at = at.parent_path();  // "a/b/" is "a/b"
  while (at.has_relative_path()) {
    at = at.parent_path();
    const std::string folder = at.empty() ? "." : at.string();
    const int failed = try_sync(folder);
    if (failed != 0 && !passed_over(failed)) return core::fail_errno("cannot sync", failed, folder);
  }
  return {};
}

core::Status make_directory(const std::string& directory) {
  if (directory.empty()) return {};
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return core::fail_errno("cannot make the folder", error.value(), directory);
  return sync_name(directory);
}

}  // namespace sluice::storage
