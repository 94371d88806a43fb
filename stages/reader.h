// Reads the input, runs the steps on their records, and feeds the rows to the
// flow in batches, as fast as credits allow. Nothing ever holds the whole input.
//
// Threads: run() on a thread of its own, once; ended(), rows_read(), share_read() and waiting_for()
// from any.
//
// A record longer than kMaxRowBytes ends the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/row.h"
#include "flow/credits.h"
#include "flow/shutdown.h"
#include "format/record_reader.h"
#include "source/sources.h"
#include "stages/row_cost.h"
#include "stages/row_receipts.h"
#include "stages/shards.h"
#include "stages/steps.h"
#include "storage/file_lock.h"

namespace sluice::stages {

class Reader {
 public:
  struct Callbacks {
    // A batch, and the credits that were taken for it: to be settled (flow/credits.h).
    std::function<void(core::RowBatch&&, flow::Cost taken)> batch;
    // Nothing has come for a while, or credits are spent: rows that wait for company should not.
    std::function<void()> stalled;
    // The last batch was handed over; `complete`: the input was read to its end (or to `limit`).
    // Called once, however the reading ends: what waits for company behind it waits for this.
    std::function<void(std::uint64_t batches, bool complete)> done;
  };

  struct Input {
    source::Spec from;
    std::vector<std::string> names;             // of names_of(from)
    std::vector<storage::FileId> written = {};  // as source::open()'s
    Shards* shards = nullptr;                   // null: all records are read here
  };

  // `limit`: at most so many rows, as the steps leave them. What `steps` are of must outlive this.
  Reader(Input input, std::optional<std::uint64_t> limit, flow::Credits& credits,
         const flow::Shutdown& shutdown, Callbacks callbacks, Steps steps = Steps({}));

  // Returns at the end of the input, when the run is stopping, or with the error that ended the
  // reading; the rows of a batch that is not full by then stay unread.
  core::Status run();
  // The rows that were read at these places have ended, durably: a source that wants to hear of its records hears it,
  // also after run(). Any thread.
  void ended(std::span<const core::RowPlace> places);
  // Behind the last ended(): RecordSource::close() of such a source.
  core::Status close();
  // By which credits are taken; whoever makes the prompts tells it what they are. Any thread.
  RowCost& cost() { return cost_; }
  std::uint64_t rows_read() const { return rows_.load(std::memory_order_relaxed); }
  // As the files have them: before any step.
  std::uint64_t records_read() const { return records_.load(std::memory_order_relaxed); }
  // Of the files, as RecordSource::passed(), up to the last read().
  double bytes_passed() const { return passed_.load(std::memory_order_relaxed); }
  // Of the files' own bytes, 0…1; nullopt when their size is not known or a limit is set.
  std::optional<double> share_read() const;
  // How many rows are still to be read, by what they took so far; nullopt as above.
  std::optional<double> rows_to_come() const;
  // For people: the pipe, terminal or database that has given nothing for about a second.
  std::optional<std::string> waiting_for() const;

 private:
  enum class Next { go_on, stop };
  Shards::Wanted wanted(std::uint64_t record);
  core::Status read_all();
  core::Result<Next> read_source(std::uint32_t index);
  Next add(const format::Record& record, std::uint32_t index);
  Next add_row(core::Row&& row);
  Next flush();

  const Input input_;
  const std::optional<std::uint64_t> total_bytes_;
  const std::optional<std::uint64_t> limit_;
  flow::Credits& credits_;
  const flow::Shutdown& shutdown_;
  const Callbacks callbacks_;
  const Steps steps_;
  // That wants to hear of its records; null: none does. Set before the first of its rows is handed over.
  std::unique_ptr<format::RecordSource> acknowledged_;
  RowReceipts receipts_;
  RowCost cost_;

  std::optional<core::Error> shards_error_;
  bool no_more_ = false;  // of the records behind are wanted here
  core::RowBatch batch_;
  flow::Cost batch_weight_;
  std::uint64_t batches_ = 0;
  std::atomic<std::uint64_t> rows_ = 0;
  std::atomic<std::uint64_t> records_ = 0;
  std::atomic<double> passed_ = 0;              // as RecordSource's, of all together
  std::atomic<std::uint32_t> source_ = 0;       // the file that is being read
  std::atomic<std::uint32_t> quiet_reads_ = 0;  // in a row, that brought nothing
};

}  // namespace sluice::stages
