// Loaded into `sluice` (LD_PRELOAD) by power_cut_test.cc: remembers what every file held, and what
// names every folder had, when it was last synced. Nothing is really synced. So the test can put
// back what a disk that lost its power would still have.
//
// In $SLUICE_DURABLE, by what the file is and not by its name (durable_names.h):
//   file-…  the bytes of a file
//   names-… the names in a folder, in lines of "name id"
// A name is so as durable as its folder was synced, and a file under it as durable as it was.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/cli/promises/durable_names.h"

namespace {

using sluice::cli::id_of;

// Whole or not at all, whoever else keeps the same: the process may be killed meanwhile.
class Draft {
 public:
  explicit Draft(std::string name) : name_(std::move(name)) {
    static std::atomic<int> number = 0;
    draft_ = name_ + "~" + std::to_string(++number);
    fd_ = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  int fd() const { return fd_; }
  bool finish(bool whole) {
    ::close(fd_);
    return whole && std::rename(draft_.c_str(), name_.c_str()) == 0;
  }

 private:
  std::string name_, draft_;
  int fd_;
};

bool keep_bytes(const std::string& link, off_t size, Draft& draft) {
  const int from = ::open(link.c_str(), O_RDONLY | O_CLOEXEC);
  bool whole = from >= 0 && draft.fd() >= 0;
  while (whole && size > 0) {
    const ssize_t copied =
        ::copy_file_range(from, nullptr, draft.fd(), nullptr, static_cast<std::size_t>(size), 0);
    whole = copied > 0;
    size -= copied;
  }
  ::close(from);
  return whole;
}

bool keep_names(const std::string& link, Draft& draft) {
  DIR* folder = ::opendir(link.c_str());
  if (folder == nullptr || draft.fd() < 0) return false;
  std::string names;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (const std::string id = id_of(::dirfd(folder), entry->d_name); !id.empty())
      names.append(name).append(" ").append(id).append("\n");
  }
  ::closedir(folder);
  return ::write(draft.fd(), names.data(), names.size()) == static_cast<ssize_t>(names.size());
}

int keep(int fd) {
  const char* durable = std::getenv("SLUICE_DURABLE");
  struct stat status{};
  if (durable == nullptr || ::fstat(fd, &status) != 0) return 0;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const std::string id = id_of(fd, "");
  const std::string where = std::string(durable) + "/";
  if (S_ISDIR(status.st_mode)) {
    Draft draft(where + "names-" + id);
    return draft.finish(keep_names(link, draft)) ? 0 : -1;
  }
  if (!S_ISREG(status.st_mode)) return 0;
  Draft draft(where + "file-" + id);
  return draft.finish(keep_bytes(link, status.st_size, draft)) ? 0 : -1;
}

}  // namespace

extern "C" {

int fsync(int fd) {
  return keep(fd);
}

int fdatasync(int fd) {
  return keep(fd);
}

}  // extern "C"
