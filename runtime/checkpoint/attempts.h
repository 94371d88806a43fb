// The attempts that are intended and not settled, in memory and as a log in the file: one record
// per burst of intents, one per commit of settlements. What is open after a crash is the log
// replayed.
//
// Threads: one at a time.
//
// Invariants:
//   1. open() = all logged intents less all logged settlements.
//   2. The log is written anew, open intents only, when it holds more than twice what is open and
//      1,024 records besides: the table stays as small as what is in flight, at a cost per attempt
//      that does not depend on how bursts and settlements mix.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <unordered_map>

#include "store/records.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

// What the file's damage is called when an attempt names one that was never stored.
inline constexpr char kNoSuchEndpoint[] =
    "the checkpoint is damaged: an attempt names an endpoint that is not there";

class Attempts {
 public:
  struct Open {
    std::uint32_t endpoint = 0;  // Ledger::number()
    core::Money worst_cost;
    provider::Usage worst_usage = {};
  };

  // Replays the log. `next`: the least number that is free, as the job's record has it.
  core::Status load(store::SqliteStore& store, std::uint64_t next);

  void intend(std::uint64_t attempt, const Open& open);
  void settle(std::uint64_t attempt);
  // Forgets all open attempts (they went to the ledger as maybe billed).
  void abandon();

  // Logs what was intended and settled since the last call, in the store's transaction.
  core::Status write(store::SqliteStore& store);
  // The same, and invariant 2. From then on only the job's record knows next(): it is to be written
  // in the same transaction.
  core::Status write_and_compact(store::SqliteStore& store);
  // Writes the log anew, whatever it holds; with the job's record, as above.
  core::Status rewrite(store::SqliteStore& store);

  const std::pmr::unordered_map<std::uint64_t, Open>& open() const { return open_; }
  std::uint64_t next() const { return next_; }  // above all attempts so far

 private:
  std::pmr::unsynchronized_pool_resource nodes_;  // of open_
  std::pmr::unordered_map<std::uint64_t, Open> open_{&nodes_};
  std::uint64_t next_ = 1;
  std::size_t logged_ = 0;  // records in the file
  std::string intents_;     // encoded, to be written
  std::string settled_;
};

}  // namespace sluice::checkpoint
