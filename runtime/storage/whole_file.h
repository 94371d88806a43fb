// A file as a whole, in memory: for what is small by a limit that the caller sets.
//
// Threads: a plain function, any thread. It may wait for the disk.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace sluice::storage {

struct FileProblem {
  enum class What : std::uint8_t { missing, not_a_file, too_large, unreadable };
  What what = What::unreadable;
  std::uint64_t bytes = 0;  // too_large: its size
  std::string reason;       // unreadable: the system's words
};

// The bytes of the regular file at `path`, at most `most` of them; a larger one is not read.
std::expected<std::string, FileProblem> read_whole(const std::string& path, std::uint64_t most);

}  // namespace sluice::storage
