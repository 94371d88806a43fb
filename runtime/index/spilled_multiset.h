// The rows that ended in earlier runs of this generation: a multiset of row hashes, filled when the
// checkpoint is opened and emptied as the input is read again.
//
// A few of them are a HashMultiset. Many are written to an unnamed file in the job's directory, in
// chunks in the order in which they ended, and only an index (hash_index.h) says which chunk
// may have a row. Rows are mostly read again in about that order: a row brings its whole chunk into
// memory, where those that follow are found, and a chunk goes as its rows are taken.
//
// Threads: one at a time.
//
// Invariants:
//   1. Membership is exact to the 128 bits of the hash: a false "done" would lose a row. The index
//      only proposes chunks.
//   2. Every occurrence that is left stands in memory or in a chunk that is not loaded.
//   3. Order does not matter to what take() says, but to what it costs. In the order of the file,
//      or in another that keeps neighbours together, memory is the index's (1.3 bytes a row, 4.3 MB
//      at least) and that of at most kLoaded rows. When more would have to be loaded, all are, at
//      21 bytes a row that is left, in one go (1.4 s for 10^7), and the file is given up.
//   4. The disk holds 16 bytes a row, and the index's 8 to 16. Both go when nothing is left in
//      chunks. A fresh run allocates nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "index/hash_index.h"
#include "index/hash_multiset.h"
#include "storage/spill_file.h"

namespace sluice::index {

class SpilledMultiset {
 public:
  static constexpr std::uint64_t kLoaded = std::uint64_t{1} << 18;  // 6 to 11 MB
  static constexpr std::size_t kChunkRows = 512;

  // `directory` is where the file is made; `most_loaded` is kLoaded but in tests.
  explicit SpilledMultiset(std::string directory, std::uint64_t most_loaded = kLoaded)
      : directory_(std::move(directory)), most_loaded_(most_loaded) {}

  // Before all else: how many occurrences come. Errors here and below are those of the file.
  core::Status reserve(std::uint64_t rows);
  core::Status add(const core::Hash128& row);  // before the first take()
  // Uses up one occurrence; false when there is none left.
  core::Result<bool> take(const core::Hash128& row);
  std::uint64_t size() const;  // occurrences left
  std::size_t memory() const;  // bytes

 private:
  struct Spilled {
    storage::SpillFile file;
    HashIndex index;
    std::vector<core::Hash128> chunk;  // that is being filled, or looked through
    std::vector<bool> loaded;          // by chunk; chunks count from 1
    std::uint64_t written = 0;         // rows in the file
    std::uint64_t left = 0;            // of these, in chunks that are not loaded
    bool complete = false;             // all are written, the last chunk being shorter
  };

  core::Status write_chunk();
  core::Status read_chunk(std::int64_t chunk);
  core::Result<bool> take_from_chunks(const core::Hash128& row);
  void load(std::int64_t chunk);
  core::Status load_all();

  std::string directory_;
  std::uint64_t most_loaded_;
  HashMultiset loaded_;
  std::unique_ptr<Spilled> spilled_;  // null when all are in loaded_
  std::vector<std::int64_t> candidates_;
};

}  // namespace sluice::index
