// One input record. A row keeps the bytes it was read as; fields are looked up when asked for.
//
// Threads: a row belongs to one thread at a time and moves between them.
//
// Invariants:
//   1. `raw` is the record of the input as a JSON object (of JSON: the bytes that stood there), or
//      what the last step (map, explode) made of it.
//   2. `key_json` is the key as a JSON value, empty when the user names no key: the row is then
//      known by its content. Equal rows are occurrences 1, 2, … of one, told apart by count, not by
//      number (index/spilled_multiset.h).
//   3. A row with `reject` failed in a step, and `raw` is what went into that step; or it could not
//      be read, and `raw` is what stands in the file.
//   4. A row with `accepted` has its answer, from an earlier level of a cascade, and is not asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/reject.h"

namespace sluice::core {

// A row at most: as it is read, or as a step makes it.
constexpr std::size_t kMaxRowBytes = 16 * 1024 * 1024;

// An answer that stands as it is.
struct Accepted {
  std::string members;  // "queue":"bug","urgency":2
  std::string model;    // whose it is
};

// Where a row was read, in a run: what a source is told by that the row has ended.
struct RowPlace {
  std::uint32_t source = 0;
  std::uint64_t line = 0;  // zero: none
};

struct Row {
  std::string raw;
  std::string key_json;
  std::uint64_t line = 0;                // in its file, from 1; for messages
  std::uint32_t source = 0;              // index into the run's list of input files; for messages
  std::shared_ptr<const Reject> reject;  // null for all but a few
  std::shared_ptr<const Accepted> accepted = {};  // null for all that are asked

  RowPlace place() const { return {source, line}; }
};

// Rows travel in batches: a graph message costs far more than a row should.
using RowBatch = std::vector<Row>;
constexpr std::size_t kBatchRows = 64;
constexpr std::size_t kBatchBytes = 256 * 1024;

}  // namespace sluice::core
