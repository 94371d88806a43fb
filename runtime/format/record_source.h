// Rows as they come from one file or table: what the reader pulls at. A file's bytes cut into records
// (source/text_source.h), or what gives records by itself (a table, a Parquet file).
//
// Threads: one at a time, but for passed(), which any may call.
//
// Invariants:
//   1. Records come in an order that is the same whenever the same input is read, each once.
//   2. Memory is bounded: by what is read at once, never by the input.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/error.h"
#include "format/record_reader.h"

namespace sluice::format {

class RecordSource {
 public:
  using Take = RecordReader::Take;
  virtual ~RecordSource() = default;

  // more: there may be more at once. waiting: nothing has come for about 20 ms (a pipe, a terminal).
  // end: that was all. stopped: `take` wants no more; read() is not called again after these two.
  enum class State : std::uint8_t { more, waiting, end, stopped };
  // Hands over the next records there are, perhaps none. An Error ends the run: it says which file, and
  // what to do.
  virtual core::Result<State> read(const Take& take) = 0;

  // For people, once records have come.
  virtual RecordReader::Description description() const = 0;
  // How far the records go that were handed over: in bytes of a file as it lies there, so that its size
  // is the end; zero where that is not known.
  double passed() const { return passed_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<double> passed_ = 0;
};

}  // namespace sluice::format
