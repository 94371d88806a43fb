// A file that appears whole or not at all, under a name that is as durable: written without a name
// in its folder (where the file system cannot do that, under a new name, "<path>.part"), and put
// into place once it is on the disk. No file but the target is replaced, and that not while a run
// writes it (ErrorCode::busy). With ".gz" or ".zst" at the end of its name it is compressed.
//
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::storage {

class AtomicFile {
 public:
  static core::Result<std::unique_ptr<AtomicFile>> create(const std::string& path);
  virtual ~AtomicFile() = default;  // without finish(): nothing of it stays

  virtual core::Status write(std::string_view bytes) = 0;
  virtual core::Status finish() = 0;
};

// `file`, whose bytes are compressed on the way if `name` ends in ".gz" or ".zst".
std::unique_ptr<AtomicFile> compressed(std::unique_ptr<AtomicFile> file, std::string_view name);

}  // namespace sluice::storage
