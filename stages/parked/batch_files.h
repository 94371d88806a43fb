// The files of a batch, in the checkpoint's folder `batches/`, by its nonce:
//
//   NONCE.upload    what is handed to the provider: a line a request, in its batch API's form
//   NONCE.rows      which questions stand in each line
//   NONCE.replies   the results as they came, one after the other
//   NONCE.index     where each line's result is in them
//
// The first two are whole and on the disk before the batch is intended, the last two before it is
// collected. What no batch of the checkpoint names is left over from a crash, and removed.
//
// Formats (integers little-endian): rows := (count:u32 question:16*count)* offset:u64*lines lines:u32
// "SLRW"; index := (offset:u64 length:u64)*lines, length 0 where there is no result.
//
// Threads: one for each object.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/hash.h"

namespace sluice::parked {

enum class FileKind : std::uint8_t { upload, rows, replies, index };

// "…/batches/NONCE.upload". With `part`, as it is called until it is whole.
std::string file_of(const std::string& directory, std::string_view nonce, FileKind kind,
                    bool part = false);
// Of a file that came from another machine, "NONCE.rows"; nullopt where that is no name of a batch's file.
std::optional<std::string> path_in(const std::string& directory, std::string_view name);
// Removes those of a batch.
void remove_files(const std::string& directory, std::string_view nonce);
void remove_file(const std::string& directory, std::string_view nonce, FileKind kind);
// Removes the files of all batches but these.
void remove_others(const std::string& directory, std::span<const std::string> nonces);

// A request to cancel batches, for the run that has the job or the next: their nonces, or the
// provider's ids; none: all.
core::Status ask_to_cancel(const std::string& directory, std::span<const std::string> which);
std::vector<std::string> lines_of(std::string_view text);
// What was asked for, once; nullopt: nothing.
std::optional<std::vector<std::string>> take_cancels(const std::string& directory);

// A plain file that is written from its beginning, with a buffer.
class OutFile {
 public:
  static core::Result<OutFile> create(const std::string& path);
  OutFile(OutFile&& other) noexcept;
  OutFile& operator=(OutFile&& other) noexcept;
  ~OutFile();
  core::Status write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  // On the disk, under its name or another. Nothing is written after it.
  core::Status finish(const std::string& name);

 private:
  explicit OutFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  core::Status flush();
  std::string path_;
  int fd_ = -1;
  std::string buffer_;
  std::uint64_t size_ = 0;
};

// A file of which pieces are read.
class InFile {
 public:
  static core::Result<InFile> open(const std::string& path);
  InFile(InFile&& other) noexcept;
  InFile& operator=(InFile&& other) noexcept;
  ~InFile();
  std::uint64_t size() const { return size_; }
  // ErrorCode::corrupt where there is less.
  core::Status read(std::uint64_t offset, std::span<char> into) const;
  // At most so many; fewer at its end.
  core::Result<std::string> piece(std::uint64_t offset, std::size_t most) const;
  const std::string& path() const { return path_; }

 private:
  InFile(std::string path, int fd, std::uint64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}
  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

// A batch's first two files, being written.
class BatchWriter {
 public:
  static core::Result<BatchWriter> create(const std::string& directory, std::string_view nonce,
                                          std::string_view between);
  core::Status add(std::string_view item, std::span<const core::Hash128> questions);
  std::uint32_t lines() const { return static_cast<std::uint32_t>(offsets_.size()); }
  std::uint32_t rows() const { return rows_; }
  std::uint64_t bytes() const { return upload_.size(); }
  // Both are whole, and on the disk.
  core::Status finish();

 private:
  BatchWriter(std::string directory, std::string nonce, std::string between, OutFile upload,
              OutFile rows);
  std::string directory_;
  std::string nonce_;
  std::string between_;
  OutFile upload_;
  OutFile rows_file_;
  std::vector<std::uint64_t> offsets_;
  std::uint32_t rows_ = 0;
};

// NONCE.rows.
class RowsFile {
 public:
  static core::Result<RowsFile> open(const std::string& directory, std::string_view nonce);
  std::uint32_t lines() const { return lines_; }
  core::Result<std::vector<core::Hash128>> questions(std::uint32_t line) const;

 private:
  RowsFile(InFile file, std::uint32_t lines) : file_(std::move(file)), lines_(lines) {}
  InFile file_;
  std::uint32_t lines_;
};

// Where one line's result is.
struct Place {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // 0: there is none
};

// NONCE.replies and NONCE.index.
class RepliesFile {
 public:
  static core::Result<RepliesFile> open(const std::string& directory, std::string_view nonce);
  static core::Status write_index(const std::string& directory, std::string_view nonce,
                                  std::span<const Place> places);
  // A line of the results as it came; nullopt where there is none.
  core::Result<std::optional<std::string>> line(std::uint32_t line) const;

 private:
  RepliesFile(InFile replies, InFile index)
      : replies_(std::move(replies)), index_(std::move(index)) {}
  InFile replies_;
  InFile index_;
};

}  // namespace sluice::parked
