// A file without a name: what does not fit into memory, for as long as this process lives. When it
// is closed, or the process dies, nothing of it remains.
//
// Threads: append() on one thread at a time; read(), of what was appended before, on any.
//
// Errors say what to do; they name the directory, since the file has no name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/error.h"

namespace sluice::storage {

class SpillFile {
 public:
  // In `directory`, which is there: on the disk that has to have room for it.
  static core::Result<SpillFile> make(const std::string& directory);
  SpillFile(SpillFile&& other) noexcept;
  SpillFile& operator=(SpillFile&&) = delete;
  ~SpillFile();

  // A name by which this process, and it alone, opens the file: for those that write by name.
  std::string path() const;

  core::Status append(std::span<const std::byte> bytes);
  // All of `bytes`, from `offset` on.
  core::Status read(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  SpillFile(int fd, std::string directory) : fd_(fd), directory_(std::move(directory)) {}

  int fd_;
  std::string directory_;
};

}  // namespace sluice::storage
