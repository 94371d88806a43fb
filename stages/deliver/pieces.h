// A sink that takes lines in pieces and keeps by itself how far it has come (format/record_target.h).
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "deliver/lines.h"
#include "format/record_target.h"

namespace sluice::deliver {

class Pieces {
 public:
  // Looks where `target` stands in the file at `path`. What it has of another past is taken back first.
  static core::Result<Pieces> open(format::RecordTarget& target, const std::string& path);
  // Brings it up to the whole lines that the file has now. How many lines those were.
  core::Result<std::uint64_t> advance();
  // Lines that it has.
  std::uint64_t rows() const { return rows_; }
  // Where the last advance() has ended.
  format::Stand stand() const { return lines_.stand(); }

 private:
  Pieces(format::RecordTarget& target, Lines lines) : target_(&target), lines_(std::move(lines)) {}
  format::RecordTarget* target_;
  Lines lines_;
  std::uint64_t rows_ = 0;
  bool restarted_ = false;  // and nothing put since
};

}  // namespace sluice::deliver
