// The logs of a shared job's workers: one of each process, whatever numbers it has had.
//
// Threads: plain values and functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "shared_job/board.h"
#include "wal/record.h"

namespace sluice::passes {

// The workers of one process, one after the other as each was taken for dead: together they wrote one log.
struct WorkerLog {
  std::vector<const shared_job::WorkerRow*> parts;  // at least one

  shared_job::WorkerId first() const { return parts.front()->id; }
  std::string name() const { return std::to_string(first()); }
  bool alive() const { return parts.back()->alive(); }
  std::uint64_t chunks() const;  // that are there
};

// In the order in which they were begun. They point into `workers`.
std::vector<WorkerLog> logs_of(const std::vector<shared_job::WorkerRow>& workers);

// Its records from the first on, as many a call as stood there together, and the payer that was noted with them.
// ErrorCode::corrupt where they are none.
using EachRecords =
    std::function<core::Status(std::vector<wal::Record> records, std::string_view payer)>;
core::Status read_records(shared_job::Board& board, const WorkerLog& log, const EachRecords& each);

}  // namespace sluice::passes
