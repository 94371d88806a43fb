// The files that clients upload, the results of batches, and the objects of buckets. Small ones are
// in memory, others in temporary files without a name, so the mock's memory does not grow with them.
//
// Threads: one. The disk is read and written where it is asked for: this is a mock.
//
// Bounds: BatchOptions::store_bytes in all, kMostFiles files. What goes beyond is refused, with an error that
// says which bound it was.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "storage/spill_file.h"
#include "wire/batch.h"

namespace sluice::mock {

// Bytes that are written once, front to back, and read as often as wanted.
class Blob {
 public:
  static constexpr std::size_t kInMemory = 256 * 1024;

  core::Status append(std::string_view bytes);
  core::Result<std::string> read(std::uint64_t offset, std::uint64_t bytes) const;
  core::Result<std::string> all() const { return read(0, size_); }
  std::uint64_t size() const { return size_; }

  // Every line that is not blank, with its number from 1; `line` returns false to stop. A line is
  // valid for that call.
  core::Status each_line(
      const std::function<bool(std::string_view line, std::uint64_t number)>& line) const;

 private:
  std::string memory_;
  std::unique_ptr<storage::SpillFile> file_;
  std::uint64_t size_ = 0;
};

class BatchFiles {
 public:
  explicit BatchFiles(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  struct File {
    wire::StoredFile facts;
    std::uint64_t number = 0;          // in the order of adding
    std::shared_ptr<const Blob> blob;  // a batch that reads it keeps it when the file is deleted
  };

  static constexpr std::size_t kMostFiles = 100'000;

  // `facts.id` names it; one of that name is replaced. Its size is set from the blob's.
  core::Result<const File*> add(wire::StoredFile facts, Blob blob);
  const File* find(std::string_view id) const;
  bool remove(std::string_view id);
  std::uint64_t bytes() const { return bytes_; }
  const std::map<std::string, File, std::less<>>& all() const { return files_; }

 private:
  std::uint64_t most_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t number_ = 0;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace sluice::mock
