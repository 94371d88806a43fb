#include "store/job_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string_view>
#include <utility>

#include "storage/private_files.h"

namespace sluice::store {
namespace {

std::string owner_of(int fd) {
  char digits[16];
  const ssize_t got = ::pread(fd, digits, sizeof digits, 0);
  std::string_view text(digits, got > 0 ? static_cast<std::size_t>(got) : 0);
  text = text.substr(0, text.find('\n'));
  pid_t owner = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), owner);
  // Whoever shares the lock writes no number: the one that stands there is an earlier owner's.
  if (wrong != std::errc() || end != text.data() + text.size() || owner <= 0 ||
      (::kill(owner, 0) != 0 && errno == ESRCH))
    return "another process";
  return fmt::format("process {}", text);
}

// The whole file, of the given type: F_WRLCK or F_RDLCK.
struct flock whole_file(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

// False with errno EAGAIN or EACCES when another holds it.
bool try_lock(int fd, short type) {
  struct flock lock = whole_file(type);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool another_holds_it() {
  return errno == EAGAIN || errno == EACCES;
}

std::unexpected<core::Error> held(int fd, const std::string& directory, const std::string& job) {
  return core::fail(core::ErrorCode::busy,
                    fmt::format("job '{}' is being run by {}. Wait for it or stop it first; "
                                "`sluice status` works meanwhile",
                                job, owner_of(fd)),
                    directory);
}

}  // namespace

core::Result<JobLock> JobLock::take(const std::string& directory, const std::string& job) {
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, storage::file_mode(directory));
  if (fd < 0) return core::fail_errno("cannot open the job's lock", errno, path);
  JobLock lock(fd);
  if (!try_lock(fd, F_WRLCK)) {
    if (!another_holds_it()) return core::fail_errno("cannot lock the job", errno, path);
    return held(fd, directory, job);
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0)
    return core::fail_errno("cannot write the job's lock", errno, path);
  return lock;
}

core::Result<JobLock> JobLock::share(const std::string& directory, const std::string& job) {
  const std::string path = directory + "/lock";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) return core::fail_errno("cannot open the job's lock", errno, path);
  JobLock lock(fd);
  if (fd < 0 || try_lock(fd, F_RDLCK)) return lock;
  if (!another_holds_it()) return core::fail_errno("cannot lock the job", errno, path);
  return held(fd, directory, job);
}

bool JobLock::taken(const std::string& directory) {
  const int fd = ::open((directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock = whole_file(F_RDLCK);  // in whose way only a run's lock stands
  const bool asked = ::fcntl(fd, F_OFD_GETLK, &lock) == 0;
  ::close(fd);
  return asked && lock.l_type != F_UNLCK;
}

JobLock::JobLock(JobLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

JobLock::~JobLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice::store
