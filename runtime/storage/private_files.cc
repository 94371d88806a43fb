#include "storage/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "storage/directory.h"

namespace sluice::storage {

core::Status make_private_folder(const std::string& directory) {
  struct stat info{};
  const bool there = ::stat(directory.c_str(), &info) == 0;
  if (auto made = storage::make_directory(directory); !made) return made;
  if (!there && ::chmod(directory.c_str(), 0700) != 0)
    return core::fail_errno("cannot keep others out of the checkpoint's folder", errno, directory);
  return {};
}

mode_t file_mode(const std::string& directory) {
  struct stat info{};
  const mode_t folder = ::stat(directory.c_str(), &info) == 0 ? info.st_mode : 0;
  return (folder & 0666) | 0600;
}

void make_private_file(const std::string& directory, const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, file_mode(directory));
  if (fd >= 0) ::close(fd);  // else whoever opens it says why not
}

}  // namespace sluice::storage
