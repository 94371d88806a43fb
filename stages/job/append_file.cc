#include "job/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "storage/directory.h"

namespace sluice::job {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr int kMostUnproven = 1000;

// 0, or an errno value.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// 0, or an errno value.
int copy_all(int from, off_t at, int to) {
  std::string chunk(kBufferBytes, '\0');
  while (true) {
    const ssize_t got = ::pread(from, chunk.data(), chunk.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? 0 : errno;
    if (const int wrong = write_all(to, {chunk.data(), static_cast<std::size_t>(got)}); wrong != 0)
      return wrong;
    at += got;
  }
}

}  // namespace

AppendFile::~AppendFile() {
  if (file_.fd >= 0) ::close(file_.fd);
}

core::Status AppendFile::open() {
  if (file_.fd >= 0) ::close(std::exchange(file_.fd, -1));  // with its lock
  if (auto made = storage::make_directory(std::filesystem::path(path_).parent_path()); !made)
    return made;
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
  if (fd < 0) return core::fail_errno("cannot open the output file", errno, path_);
  file_ = {.fd = fd, .path = path_, .size = 0, .id = {}};
  struct stat info{};
  if (::fstat(fd, &info) != 0)
    return core::fail_errno("cannot look at the output file", errno, path_);
  if (!S_ISREG(info.st_mode)) {
    return core::fail(core::ErrorCode::io,
                      "the output must be a regular file: a resumed run cuts it back", path_);
  }
  file_.id = storage::id_of(info);
  if (auto locked = storage::lock_for_writing(fd, path_); !locked) return locked;
  if (::fstat(fd, &info) != 0)
    return core::fail_errno("cannot look at the output file", errno, path_);
  file_.size = static_cast<std::uint64_t>(info.st_size);
  return {};
}

core::Result<Proven> AppendFile::prove(store::Kind kind, checkpoint::Past& past) const {
  return job::prove(file_, kind, past);
}

core::Status AppendFile::cut(std::uint64_t size, const Proven& proven, const Notice& notice) {
  // It may have grown while it was proven.
  if (auto same = untouched(); !same) return same;
  if (proven.unproven_from < file_.size) {
    if (auto kept = keep_unproven(proven.unproven_from, notice); !kept) return kept;
  }
  if (::ftruncate(file_.fd, static_cast<off_t>(size)) != 0) return failed("cannot cut back", errno);
  if (::lseek(file_.fd, static_cast<off_t>(size), SEEK_SET) < 0)
    return core::fail_errno("cannot seek", errno, path_);
  file_.size = size;
  last_.resize(std::min<std::uint64_t>(size, kProofBytes));
  const ssize_t got =
      ::pread(file_.fd, last_.data(), last_.size(), static_cast<off_t>(size - last_.size()));
  if (got != static_cast<ssize_t>(last_.size()))
    return core::fail_errno("cannot read the file", got < 0 ? errno : EIO, path_);
  return storage::sync_name(path_);
}

core::Status AppendFile::append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kBufferBytes ? core::Status() : write_out();
}

core::Status AppendFile::write_out() {
  if (auto same = untouched(); !same) return same;
  if (buffer_.empty()) return {};
  if (const int wrong = write_all(file_.fd, buffer_); wrong != 0)
    return failed("cannot write", wrong);
  file_.size += buffer_.size();
  const std::size_t fresh = std::min(buffer_.size(), kProofBytes);
  const std::size_t kept = std::min(last_.size(), kProofBytes - fresh);
  last_.erase(0, last_.size() - kept);
  last_.append(buffer_, buffer_.size() - fresh);
  buffer_.clear();
  return {};
}

// Beside append() and write_out(): it looks at nothing that they change.
core::Status AppendFile::sync() const {
  if (::fdatasync(file_.fd) != 0) return failed("cannot sync", errno);
  return {};
}

// What is written to a file without a name is lost with the process, and what others write into it
// would be written over.
core::Status AppendFile::untouched() const {
  struct stat ours{};
  struct stat named{};
  if (::fstat(file_.fd, &ours) != 0) return failed("cannot look at the file", errno);
  if (::stat(path_.c_str(), &named) != 0 || storage::id_of(named) != file_.id)
    return core::fail(
        core::ErrorCode::io,
        "was removed or replaced while the job ran: run again, and it is written anew "
        "from the checkpoint; nothing is asked twice",
        path_);
  if (static_cast<std::uint64_t>(ours.st_size) == file_.size) return {};
  return core::fail(core::ErrorCode::io,
                    fmt::format("another program has written to it while the job ran ({} bytes, it "
                                "should have {}). Move it away and run again: it is written anew "
                                "from the checkpoint, nothing is asked twice",
                                ours.st_size, file_.size),
                    path_);
}

core::Status AppendFile::keep_unproven(std::uint64_t from, const Notice& notice) const {
  std::string path = path_ + ".unproven";
  int fd = -1;
  for (int i = 2; i <= kMostUnproven; ++i) {
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) break;
    path = fmt::format("{}.unproven-{}", path_, i);
  }
  if (fd < 0) return core::fail_errno("cannot make the file", errno, path);
  int wrong = copy_all(file_.fd, static_cast<off_t>(from), fd);
  if (wrong == 0 && ::fsync(fd) != 0) wrong = errno;
  ::close(fd);
  if (wrong != 0) return core::fail_errno("cannot write", wrong, path);
  if (auto named = storage::sync_name(path); !named) return named;
  notice(fmt::format(
      "{}: the machine went down while this job ran with durability \"process\": the last {} bytes "
      "are not in the checkpoint. They are kept in {}; what is missing is asked again",
      path_, file_.size - from, path));
  return {};
}

core::Status AppendFile::failed(std::string_view what, int error) const {
  core::Error why = core::fail_errno(what, error, path_).error();
  why.message += ". Mend that and run again: what was committed is safe in the checkpoint";
  return std::unexpected(std::move(why));
}

}  // namespace sluice::job
