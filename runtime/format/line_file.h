// The lines of a file of the sink, of any length, with whether each has its end; of CSV its records,
// which may hold line ends in quotes.
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
  enum class Kind : std::uint8_t { lines, records };
  static core::Result<LineFile> open(const std::string& path, Kind kind = Kind::lines);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&&) = delete;
  ~LineFile();

  struct Line {
    std::string_view text;     // without line end; valid until the next call
    bool ended = true;         // it has a line end
    std::uint64_t number = 0;  // of its first line
    std::uint64_t offset = 0;  // where it begins, in bytes
  };
  // False at the end of the file.
  core::Result<bool> next(Line& line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  LineFile(std::string path, Kind kind) : path_(std::move(path)), kind_(kind) {}
  core::Status complete_record();

  std::string path_;
  Kind kind_;
  std::string record_;
  std::unique_ptr<std::FILE, Close> file_;
  char* buffer_ = nullptr;  // getline's
  std::size_t capacity_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace sluice::format
