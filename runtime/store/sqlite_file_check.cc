#include "store/sqlite_file_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "store/sqlite.h"

namespace sluice::store {
namespace {

// https://www.sqlite.org/fileformat2.html, section 1.3
constexpr std::size_t kHeaderSize = 100;
constexpr char kMagic[] = "SQLite format 3";  // and its final zero
constexpr std::size_t kUserVersionAt = 60;
constexpr std::size_t kApplicationIdAt = 68;

std::uint32_t big_endian(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         at[3];
}

}  // namespace

std::unexpected<core::Error> newer_format(const std::string& path, std::int64_t version) {
  return core::fail(
      core::ErrorCode::corrupt,
      fmt::format("this checkpoint was written by a newer sluice (format {}, this one knows {}). "
                  "It was left as it is: run the newer sluice",
                  version, kFormatVersion),
      path);
}

core::Status check_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return core::fail_errno("cannot open the checkpoint", errno, path);
  unsigned char header[kHeaderSize];
  const ssize_t got = ::read(fd, header, sizeof header);
  const int error = errno;
  ::close(fd);
  if (got < 0) return core::fail_errno("cannot read the checkpoint", error, path);
  if (static_cast<std::size_t>(got) < kHeaderSize)
    return corrupt(path, "the checkpoint is damaged: it is cut off");
  if (std::memcmp(header, kMagic, sizeof kMagic) != 0 ||
      big_endian(header + kApplicationIdAt) != kApplicationId)
    return corrupt(path, "this file is no checkpoint of sluice");
  const std::uint32_t version = big_endian(header + kUserVersionAt);
  if (version > kFormatVersion) return newer_format(path, version);
  if (version < 1) return corrupt(path, "the checkpoint is damaged: it names no format version");
  return {};
}

}  // namespace sluice::store
