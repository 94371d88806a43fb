#include "format/line_file.h"

#include <stdio.h>
#include <stdlib.h>

#include <cerrno>
#include <utility>

namespace sluice::format {

core::Result<LineFile> LineFile::open(const std::string& path) {
  LineFile made(path);
  made.file_.reset(std::fopen(path.c_str(), "re"));
  if (!made.file_ && errno != ENOENT) return core::fail_errno("cannot open", errno, path);
  return made;
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      buffer_(std::exchange(other.buffer_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      number_(other.number_),
      offset_(other.offset_) {}

LineFile::~LineFile() {
  ::free(buffer_);
}

core::Result<bool> LineFile::next(Line& line) {
  if (!file_) return false;
  errno = 0;
  const ssize_t got = ::getline(&buffer_, &capacity_, file_.get());
  if (got < 0) {
    if (std::feof(file_.get()) != 0) return false;
    return core::fail_errno("cannot read", errno, path_);
  }
  line.text = {buffer_, static_cast<std::size_t>(got)};
  line.ended = line.text.ends_with('\n');
  if (line.ended) line.text.remove_suffix(1);
  line.number = ++number_;
  line.offset = offset_;
  offset_ += static_cast<std::uint64_t>(got);
  return true;
}

}  // namespace sluice::format
