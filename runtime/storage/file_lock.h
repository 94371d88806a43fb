// One writer at a time for a file, whatever names it has: an advisory lock (flock) on the open
// file, which goes with the descriptor. Where the file system knows no locks there are none.
//
// Threads: any.
#pragma once

#include <sys/stat.h>

#include <string>

#include "core/error.h"

namespace sluice::storage {

// ErrorCode::busy, naming the process where that is known, when another descriptor holds it: of
// another process or of this one.
core::Status lock_for_writing(int fd, const std::string& path);

// Which file it is, under whatever name.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
inline FileId id_of(const struct stat& info) {
  return {info.st_dev, info.st_ino};
}

}  // namespace sluice::storage
