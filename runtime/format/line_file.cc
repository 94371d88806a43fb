#include "format/line_file.h"

#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "format/csv_record.h"

namespace sluice::format {

core::Result<LineFile> LineFile::open(const std::string& path, Kind kind) {
  LineFile made(path, kind);
  made.file_.reset(std::fopen(path.c_str(), "re"));
  if (!made.file_ && errno != ENOENT) return core::fail_errno("cannot open", errno, path);
  return made;
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)),
      kind_(other.kind_),
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
  line.number = ++number_;
  line.offset = offset_;
  if (kind_ == Kind::records) {
    record_ = line.text;
    if (auto whole = complete_record(); !whole) return std::unexpected(whole.error());
    line.text = record_;
  }
  offset_ += line.text.size();
  const std::string_view end = kind_ == Kind::records ? kRecordEnd : "\n";
  line.ended = line.text.ends_with(end);
  if (line.ended) line.text.remove_suffix(end.size());
  return true;
}

// A record goes on while a quote is open: its quotes are doubled, so that their number tells.
core::Status LineFile::complete_record() {
  auto quotes = std::ranges::count(record_, '"');
  while (quotes % 2 != 0) {
    errno = 0;
    const ssize_t got = ::getline(&buffer_, &capacity_, file_.get());
    if (got < 0) {
      if (std::feof(file_.get()) != 0) return {};
      return core::fail_errno("cannot read", errno, path_);
    }
    const std::string_view more(buffer_, static_cast<std::size_t>(got));
    quotes += std::ranges::count(more, '"');
    record_ += more;
    ++number_;
  }
  return {};
}

}  // namespace sluice::format
