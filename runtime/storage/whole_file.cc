#include "storage/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::storage {
namespace {

class OpenFile {
 public:
  // Of a pipe or a device it does not wait for anything.
  explicit OpenFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<FileProblem> problem(FileProblem::What what, std::uint64_t bytes = 0) {
  return std::unexpected(FileProblem{what, bytes, {}});
}

std::unexpected<FileProblem> unreadable(int error) {
  return std::unexpected(
      FileProblem{FileProblem::What::unreadable, 0, std::generic_category().message(error)});
}

}  // namespace

std::expected<std::string, FileProblem> read_whole(const std::string& path, std::uint64_t most) {
  using What = FileProblem::What;
  // What the system would take for the path up to there.
  if (path.contains('\0')) return problem(What::missing);
  const auto failed = [](int error) {
    return error == ENOENT || error == ENOTDIR ? problem(What::missing) : unreadable(error);
  };
  // Before it is opened: that alone may do something to a device.
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode)) return problem(What::not_a_file);
  const OpenFile file(path);
  if (file.get() < 0) return failed(errno);
  if (::fstat(file.get(), &status) != 0) return unreadable(errno);
  if (!S_ISREG(status.st_mode)) return problem(What::not_a_file);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > most) return problem(What::too_large, size);
  std::string bytes;
  // One byte more shows a file that has grown.
  bytes.resize(static_cast<std::size_t>(size) + 1);
  std::size_t have = 0;
  while (true) {
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(errno);
    have += static_cast<std::size_t>(got);
    if (have > most) return problem(What::too_large, have);
    if (got == 0) break;
    if (have == bytes.size()) bytes.resize(std::min<std::size_t>(2 * have, most + 1));
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace sluice::storage
