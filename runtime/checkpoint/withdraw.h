// Entries that do not stand any longer: rejects whose rows are asked again (redo.h), and rows that
// have left the input. They stay in the file, marked; an answer among them is found by its question
// all the same, so that a row which comes back costs nothing.
//
// Threads: one at a time, with the job's lock held and no journal open.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

// Of one block: these records.
struct Withdrawal {
  std::int64_t block = 0;
  std::vector<std::uint32_t> records;
};

// Marks them, takes them out of the job's counts, and sets the recorded position of the rejects
// file, and where answers are among them of the output too, to zero, without a proof: the next
// opening writes it again (journal.h, invariant 8). To be
// called within a transaction. Returns how many there were.
core::Result<std::uint64_t> withdraw(store::SqliteStore& store,
                                     std::span<const Withdrawal> withdrawals);

// All entries of the last generation for which `missing` says yes, one call an entry, in the order
// in which they ended, rejects before answers: of a row that two machines have brought to an end, its answer stays. In one
// transaction. Those that still have their names of formats 1 to 4 are
// missing: no row that was read has claimed them.
// `also`: what else that transaction writes.
core::Result<std::uint64_t> withdraw_missing(
    store::SqliteStore& store,
    const std::function<core::Result<bool>(const core::Hash128& row)>& missing,
    const std::function<core::Status()>& also = [] { return core::Status(); });

}  // namespace sluice::checkpoint
