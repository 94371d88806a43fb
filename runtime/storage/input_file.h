// The bytes of one input file, wherever it is (place/places.h), inflated. Whether it is gzip or zstd is told by its first bytes, not
// by its name, so standard input may be compressed too.
//
// Threads: one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "storage/file_lock.h"

namespace sluice::storage {

class InputFile {
 public:
  // "-" is standard input. Does not wait: not for the writer of a named pipe either, which read()
  // does. `consumed` grows by the file's own bytes, as they are read; it must
  // outlive the file. ErrorCode::io for a file that is one of `written`, under whatever name: those
  // that the job itself writes.
  static core::Result<std::unique_ptr<InputFile>> open(const std::string& path,
                                                       std::atomic<std::uint64_t>& consumed,
                                                       std::span<const FileId> written = {});
  virtual ~InputFile() = default;

  enum class State { bytes, end, waiting };
  struct Read {
    State state = State::bytes;
    std::size_t count = 0;  // with State::bytes: at least 1
  };
  // Waits at most about 20 ms for a pipe or terminal that has nothing yet (State::waiting).
  virtual core::Result<Read> read(std::span<char> into) = 0;
};

// `file`, inflated where its first bytes say that it is compressed. `name`: for messages.
std::unique_ptr<InputFile> inflated(std::unique_ptr<InputFile> file, std::string name);

// The files that `patterns` name, in order, each glob's in alphabetical order. ErrorCode::io for
// one that names nothing.
core::Result<std::vector<std::string>> expand_paths(const std::vector<std::string>& patterns);

// The file's own first bytes, up to 16; none of what is not a plain file, whose bytes come once.
std::string first_bytes(const std::string& path);

// Their size in bytes together; nullopt when one of them has none (a pipe).
std::optional<std::uint64_t> total_bytes(const std::vector<std::string>& paths);

}  // namespace sluice::storage
