// A file in memory that this process can open by a path: input for what reads files. When it is
// closed, or the process dies, nothing of it remains.
//
// Threads: any; immutable once made.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::storage {

class MemoryFile {
 public:
  static core::Result<MemoryFile> make(std::string_view bytes);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  ~MemoryFile();

  // For this process alone, while this lives.
  std::string path() const;

 private:
  explicit MemoryFile(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace sluice::storage
