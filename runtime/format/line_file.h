// The lines of a file of the sink, of any length, with whether each has its end.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace sluice::format {

class LineFile {
 public:
  // A file that is not there has no lines.
  static core::Result<LineFile> open(const std::string& path);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&&) = delete;
  ~LineFile();

  struct Line {
    std::string_view text;  // without line end; valid until the next call
    bool ended = true;      // it has a line end
    std::uint64_t number = 0;
    std::uint64_t offset = 0;  // where it begins, in bytes
  };
  // False at the end of the file.
  core::Result<bool> next(Line& line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit LineFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  char* buffer_ = nullptr;  // getline's
  std::size_t capacity_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace sluice::format
