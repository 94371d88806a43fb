// Rows as they come from one file or table: what the reader pulls at. A file's bytes cut into records
// (source/text_source.h), or what gives records by itself (a table, a Parquet file).
//
// Threads: one at a time, but for passed() and ended(), which any may call.
//
// Invariants:
//   1. Records come in an order that is the same whenever the same input is read, each once; those of a queue
//      as it gives them.
//   2. Memory is bounded: by what is read at once, never by the input.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

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

  // Whether the source wants to hear which of its records have ended for good: a queue, which keeps them until
  // they are acknowledged. Then no two of its records have the same Record::line.
  virtual bool acknowledged() const { return false; }
  // The records with these lines have ended, durably. Any thread.
  virtual void ended(std::span<const std::uint64_t>) {}
  // It is read no more, while records are still under way: takes nothing further. Any thread, also without an end.
  virtual void stop() {}
  // Behind the last ended(): waits until all of them are acknowledged, for some seconds at most. An Error says
  // how many are not.
  virtual core::Status close() { return {}; }

  // For people, once records have come.
  virtual RecordReader::Description description() const = 0;
  // How far the records go that were handed over: in bytes of a file as it lies there, so that its size
  // is the end; zero where that is not known.
  double passed() const { return passed_.load(std::memory_order_relaxed); }

 protected:
  std::atomic<double> passed_ = 0;
};

}  // namespace sluice::format
