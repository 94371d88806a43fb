// Bytes to records: where one row of an input file ends and the next begins, and what it is as a JSON
// object. Does no I/O: whoever has the bytes hands them over as they come.
//
// Threads: one.
//
// Invariants:
//   1. Records come in the order of the file, each once, whatever pieces the bytes come in.
//   2. Memory: what is handed over, and one record, of core::kMaxRowBytes at most.
//   3. A record that is not a row comes all the same, with its reject: none is passed over in silence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/reject.h"
#include "core/row.h"

namespace sluice::format {

struct Record {
  std::string_view text;     // a JSON object (a reader of JSON does not check it); with a
                             // reject, what stands in the file. Valid during the call
  std::uint64_t line = 0;    // where it begins in its file, from 1
  std::uint64_t column = 1;  // in bytes
  const core::Reject* reject = nullptr;  // why it is not a row; its detail has no place
};

class RecordReader {
 public:
  virtual ~RecordReader() = default;

  // False: no more records are wanted.
  using Take = std::function<bool(const Record&)>;
  struct Progress {
    std::size_t used = 0;  // bytes that need not be handed over again
    bool more = true;      // what `take` returned last
  };
  // `bytes`: those that were not used before, and what has come behind them. `at_end`: no more will.
  // An Error ends the run: the file is not what its format says, or a record is too long. Not called
  // again after an error or a Progress without `more`.
  virtual core::Result<Progress> read(std::string_view bytes, bool at_end, const Take& take) = 0;

  // For people, once records have come: "CSV, separated by ';'", and the columns that it has itself.
  struct Description {
    std::string format;
    std::vector<std::string> columns;
  };
  virtual Description description() const = 0;
};

// "path:line", as errors and rejects name it.
std::string place(const std::string& path, std::uint64_t line);

}  // namespace sluice::format
