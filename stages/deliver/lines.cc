#include "deliver/lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::deliver {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

core::Result<Lines> Lines::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT) return core::fail_errno("cannot open the file", errno, path);
  return Lines(fd, path);
}

Lines::Lines(Lines&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      buffer_(std::move(other.buffer_)),
      at_(other.at_),
      scanned_(other.scanned_),
      hash_(std::move(other.hash_)) {}

Lines& Lines::operator=(Lines&& other) noexcept {
  std::swap(fd_, other.fd_);
  path_ = std::move(other.path_);
  buffer_ = std::move(other.buffer_);
  at_ = other.at_;
  scanned_ = other.scanned_;
  hash_ = std::move(other.hash_);
  return *this;
}

Lines::~Lines() {
  if (fd_ >= 0) ::close(fd_);
}

core::Result<bool> Lines::next(std::string_view& line) {
  while (true) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if (end != buffer_.npos) {
      const auto text = std::string_view(buffer_).substr(at_, end + 1 - at_);
      hash_.add(text);
      line = text.substr(0, text.size() - 1);
      at_ = scanned_ = end + 1;
      return true;
    }
    scanned_ = buffer_.size();
    const auto more = read_more();
    if (!more || !*more) return more;
  }
}

// What was passed is dropped.
core::Result<bool> Lines::read_more() {
  if (fd_ < 0) return false;
  buffer_.erase(0, std::exchange(at_, 0));
  const std::size_t have = scanned_ = buffer_.size();
  ssize_t got = 0;
  buffer_.resize_and_overwrite(have + kReadBytes, [&](char* bytes, std::size_t) {
    do {
      got = ::read(fd_, bytes + have, kReadBytes);
    } while (got < 0 && errno == EINTR);
    return have + static_cast<std::size_t>(got > 0 ? got : 0);
  });
  if (got < 0) return core::fail_errno("cannot read the file", errno, path_);
  return got > 0;
}

}  // namespace sluice::deliver
