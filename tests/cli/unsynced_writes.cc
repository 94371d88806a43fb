// Loaded into `sluice` (LD_PRELOAD) by power_cut_test.cc: remembers what every file held when it
// was last synced, as a copy in $SLUICE_DURABLE named by the file's path with '%' for '/'. Nothing
// is really synced. So the test can put back what a disk that lost its power would still have.
//
// Names are as durable as they look: a rename or a removal is not undone.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string durable_copy(std::string path) {
  const char* folder = std::getenv("SLUICE_DURABLE");
  if (folder == nullptr) return {};
  std::ranges::replace(path, '/', '%');
  return std::string(folder) + "/" + path;
}

std::string absolute(const char* path) {
  char* whole = ::realpath(path, nullptr);
  std::string text = whole == nullptr ? "" : whole;
  std::free(whole);
  return text;
}

int keep(int fd) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  struct stat status{};
  if (length <= 0 || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  const std::string copy = durable_copy({path, static_cast<std::size_t>(length)});
  if (copy.empty()) return 0;
  // Whole or not at all: the process may be killed meanwhile.
  const std::string draft = copy + "~";
  const int from = ::open(link.c_str(), O_RDONLY | O_CLOEXEC);
  const int to = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool whole = from >= 0 && to >= 0;
  for (off_t left = status.st_size; whole && left > 0;) {
    const ssize_t copied =
        ::copy_file_range(from, nullptr, to, nullptr, static_cast<std::size_t>(left), 0);
    whole = copied > 0;
    left -= copied;
  }
  ::close(from);
  ::close(to);
  return whole && std::rename(draft.c_str(), copy.c_str()) == 0 ? 0 : -1;
}

}  // namespace

extern "C" {

int fsync(int fd) {
  return keep(fd);
}

int fdatasync(int fd) {
  return keep(fd);
}

int unlink(const char* path) {
  const std::string copy = durable_copy(absolute(path));
  const int removed = ::unlinkat(AT_FDCWD, path, 0);
  if (removed == 0 && !copy.empty()) ::unlinkat(AT_FDCWD, copy.c_str(), 0);
  return removed;
}

int rename(const char* from, const char* to) {
  const std::string old_copy = durable_copy(absolute(from));
  const int renamed = ::renameat(AT_FDCWD, from, AT_FDCWD, to);
  if (renamed == 0 && !old_copy.empty())
    ::renameat(AT_FDCWD, old_copy.c_str(), AT_FDCWD, durable_copy(absolute(to)).c_str());
  return renamed;
}

}  // extern "C"
