// The whole lines of the job's file of lines, in order, and what they were so far. The file may grow
// meanwhile.
//
// Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "deliver/prefix_hash.h"

namespace sluice::deliver {

class Lines {
 public:
  // A file that is not there has none.
  static core::Result<Lines> open(const std::string& path);
  Lines(Lines&& other) noexcept;
  Lines& operator=(Lines&& other) noexcept;
  ~Lines();

  // False behind the last that has its end; more may come. Without the line end; valid until the next
  // call.
  core::Result<bool> next(std::string_view& line);
  std::uint64_t bytes() const { return hash_.bytes(); }
  format::Stand stand() const { return hash_.stand(); }

 private:
  Lines(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  core::Result<bool> read_more();

  int fd_ = -1;
  std::string path_;
  std::string buffer_;
  std::size_t at_ = 0;       // of the next line, in buffer_
  std::size_t scanned_ = 0;  // up to here no line end follows at_
  PrefixHash hash_;
};

// `each` of every whole line that the file has now, which may end it with an Error; what they are.
template <class Each>
core::Result<format::Stand> each_line(const std::string& path, const Each& each) {
  auto lines = Lines::open(path);
  if (!lines) return std::unexpected(lines.error());
  std::string_view line;
  while (true) {
    const auto more = lines->next(line);
    if (!more) return std::unexpected(more.error());
    if (!*more) return lines->stand();
    if (core::Status status = each(line); !status) return std::unexpected(status.error());
  }
}

}  // namespace sluice::deliver
