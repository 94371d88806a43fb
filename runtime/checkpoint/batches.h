// The batches that a job has handed to providers (store/batch_record.h), as the file has them.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/ledger.h"
#include "core/money.h"
#include "store/records.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class Batches {
 public:
  core::Status load(store::SqliteStore& store);
  // `number`: Ledger::number() of its endpoint.
  void put(const store::BatchRecord& batch, std::uint32_t number);
  // Writes what changed since the last write.
  core::Status write(store::SqliteStore& store);

  // `endpoint`: index into Ledger::endpoints(), so into Options::endpoints where it is one of these.
  std::vector<store::BatchRecord> all(const Ledger& ledger) const;
  core::Money reserved() const;  // the worst cost of those that are open
  // Adds what is parked to each ledger of Ledger::endpoints().
  void add_parked(const Ledger& ledger, std::vector<store::EndpointLedger>& endpoints) const;

 private:
  struct Line {
    store::BatchRecord batch;  // `endpoint`: Ledger::number()
    bool changed = false;
  };
  std::vector<Line> lines_;
};

}  // namespace sluice::checkpoint
