// What a reader of records makes of a text.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "format/formats.h"

namespace sluice::format {

struct ReadAll {
  struct One {
    std::string text;
    std::uint64_t line = 0;
    std::uint64_t column = 0;
    std::string reject;  // "reason: detail"
  };
  std::vector<One> records;
  core::Status status;
  RecordReader::Description description;

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const One& one : records) all.push_back(one.text);
    return all;
  }
  std::vector<std::uint64_t> lines() const {
    std::vector<std::uint64_t> all;
    for (const One& one : records) all.push_back(one.line);
    return all;
  }
};

// `piece`: bytes that come at a time.
inline ReadAll read_all(const FormatOptions& options, const std::string& path,
                        const std::string& text, std::size_t piece = 1 << 16) {
  ReadAll all;
  const auto reader = open_records(options, path);
  const RecordReader::Take take = [&all](const Record& record) {
    std::string reject;
    if (record.reject != nullptr) reject = record.reject->reason + ": " + record.reject->detail;
    all.records.push_back({std::string(record.text), record.line, record.column, reject});
    return true;
  };
  std::string buffer;
  for (std::size_t at = 0;;) {
    const std::size_t count = std::min(piece, text.size() - at);
    buffer.append(text, at, count);
    at += count;
    const bool at_end = count == 0;
    const auto read = reader->read(buffer, at_end, take);
    if (!read) {
      all.status = std::unexpected(read.error());
      break;
    }
    buffer.erase(0, read->used);
    if (at_end) break;
  }
  all.description = reader->description();
  return all;
}

}  // namespace sluice::format
