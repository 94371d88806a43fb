// The newest lines of the sink's files, and a search among them, while a run goes on writing. JSON lines are read from
// the end; CSV, in which a line's begin can only be told from the front, from there, as long as it is not too large.
//
// Threads: any; a plain function. It blocks for what it reads: at most kMostScanned bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::listen {

constexpr std::uint64_t kMostScanned = 16 << 20;
constexpr std::uint64_t kMostCsv = 64 << 20;
constexpr std::size_t kMostLines = 500;
constexpr std::size_t kMostLineBytes = 1 << 20;  // in all, of what is found

struct LineQuery {
  std::string text;                     // case-insensitive for ASCII; empty: all lines
  std::size_t limit = 50;               // at most kMostLines
  std::optional<std::uint64_t> before;  // only lines that begin before this byte
};
struct FoundLines {
  std::vector<std::string> rows;      // JSON objects, the newest first
  std::optional<std::uint64_t> next;  // `before` of older ones; none: there are none
  bool complete = true;  // false: not all was looked at that had to be, to find `limit` of them
  std::uint64_t scanned = 0;  // bytes
};

// A file that is not there has no lines. ErrorCode::io where it cannot be read; ErrorCode::usage where it is CSV of
// more than kMostCsv.
core::Result<FoundLines> find_lines(const std::string& path, const LineQuery& query);

std::string found_json(const FoundLines& found);

}  // namespace sluice::listen
