// Formats 1 to 4 named rows and questions by XXH3, for which anybody can make two texts of one
// name. The prompts are not stored, so a record can have its present name only when its row is read
// again: a run whose checkpoint has old records works out both names of each row, finds by the old
// one what it does not find by the present one, and renames the record, in place.
//
// Threads: add() and attach() while the job is opened; all else on one thread at a time, that of
// the pack stage. The renamings are written by the committer's.
//
// Invariants:
//   1. By an old name only records are found that have no present one. An answer goes to the row
//      that it was made for, known by the old names of row and question, and from then on to all
//      rows of the same present question. In a new generation, where rows may have other keys, it
//      goes to the first prompt that asks for it by the question's old name. It never goes to a
//      second prompt: with it, all answers to that old name are renamed.
//   2. A row found by its old name had the old name of the same question, too.
//   3. What was renamed in this run is found here, by its present name, until the job is closed;
//      from then on where all present names are (index/spilled_multiset.h, index/hash_index.h).
//   4. A renaming that is lost in a crash is made again when its row is read again. Until then its
//      answer is free once more.
//   5. A checkpoint without old records pays nothing. Memory otherwise: the index's (1.3 bytes a
//      name, 4.3 MB from a few thousand on), 2 MB of keys, and 80 bytes for each renaming that is
//      not written yet, of which the committer takes kBatch and more at a time.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "checkpoint/block_cache.h"
#include "checkpoint/models.h"
#include "checkpoint/options.h"
#include "index/hash_index.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class OldNames {
 public:
  // So many renamings are worth a transaction: each writes a block's keys again, 18 KB, but once
  // for all of a block.
  static constexpr std::size_t kBatch = std::size_t{1} << 16;

  explicit OldNames(std::string directory) : directory_(std::move(directory)) {}

  // The old names in a block's keys: of answers, whosever they are, and where `rows`, of rows. In
  // the order of blocks; of rows, those of the last generation.
  core::Status add(std::int64_t block, const BlockKeys& keys, bool rows);
  bool empty() const { return index_ == nullptr; }
  // Before what follows. `models`: whose answers hold; outlives this.
  void attach(std::unique_ptr<store::SqliteStore> reader, const Models& models);
  // After all else, but for unmatched().
  void detach();

  // Whether the row ended earlier, by its old names; it has `now` from then on.
  core::Result<bool> consume_done(const store::RowNames& old, const store::RowNames& now);
  // The answer to the question of these names.
  core::Result<std::optional<StoredAnswer>> find_answer(const store::RowNames& old,
                                                        const store::RowNames& now);
  std::uint64_t unmatched() const { return rows_; }

  // What is to be written. It stays known here until written() says that it was; take() is called
  // again only then.
  std::size_t unwritten() const { return open_count_; }
  std::vector<store::Renaming> take();
  void written() { taken_.clear(); }

 private:
  using ByBlock = std::unordered_map<std::int64_t, std::vector<store::Renaming>>;
  struct Cached {
    std::int64_t block = 0;
    BlockKeys keys;
  };
  core::Result<BlockKeys*> load(std::int64_t block);
  core::Status look_up(const core::Hash128& name);  // into candidates_, in the order of blocks
  core::Status claim(const core::Hash128& old, const core::Hash128& now);
  void rename(store::Renaming renaming, BlockKeys& keys);

  const std::string directory_;
  std::unique_ptr<index::HashIndex> index_;  // of rows and questions; null when there are none
  std::int64_t first_row_block_ = 0;
  std::uint64_t rows_ = 0;
  std::vector<core::Hash128> names_;

  std::unique_ptr<store::SqliteStore> store_;
  std::optional<BlockCache> lines_;
  const Models* models_ = nullptr;
  std::list<Cached> keys_;  // the last used first, with all renamings
  std::vector<std::int64_t> candidates_;
  // Blocks before this one have no row of that name left: of many equal rows each would look at the
  // blocks of all before it.
  struct Passed {
    core::Hash128 row;
    std::int64_t block = 0;
  };
  std::vector<Passed> passed_;

  ByBlock open_;   // to be taken
  ByBlock taken_;  // to be written
  std::size_t open_count_ = 0;
};

// `renaming` in a block's keys.
void apply(const store::Renaming& renaming, BlockKeys& keys);

}  // namespace sluice::checkpoint
