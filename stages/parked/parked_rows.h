// Which questions stand in batches, and the replies that came of them.
//
// Lines are numbered through all batches of the job, in the order of the batches; a hash index has
// them by question, so memory does not grow with the rows (index/hash_index.h).
//
// Threads: begin(), add() and seal() on the I/O thread; find(), questions() and reply() on the pack
// stage's; ended() and forget() on the batches' thread. The rest before they run.
//
// Invariants:
//   1. A question that was add()ed is found from then on, so that it is asked once.
//   2. Of several lines with one question the latest counts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "index/hash_index.h"
#include "parked/batch_files.h"
#include "provider/batch_api.h"
#include "stages/parked_replies.h"
#include "store/batch_record.h"

namespace sluice::parked {

using Found = stages::ParkedReplies::Found;

// Of one batch, at most: each has room for so many in the numbers of lines, since several are filled
// at once.
constexpr std::uint32_t kMostLines = 1U << 16;

class ParkedRows {
 public:
  explicit ParkedRows(std::string directory);
  // Of earlier runs, in the order of the checkpoint. Removes files that no batch names.
  core::Status load(const std::vector<store::BatchRecord>& batches);
  bool empty() const;

  core::Result<std::optional<Found>> find(const core::Hash128& question);
  // Those of a line, in their order.
  core::Result<std::vector<core::Hash128>> questions(std::uint64_t line);
  struct Result {
    std::string text;  // the line of the results
    std::uint32_t endpoint = 0;
    std::string nonce;
  };
  core::Result<Result> result(std::uint64_t line);

  // A batch that is being filled: its lines follow. One at a time for each endpoint.
  core::Status begin(const std::string& nonce, std::uint32_t endpoint);
  core::Status add(const std::string& nonce, std::uint32_t line,
                   const std::vector<core::Hash128>& questions);
  // Its files are whole.
  core::Status seal(const std::string& nonce);
  core::Status ended(const std::string& nonce, store::BatchPhase phase);
  // Removes the files of what was collected or dropped: all that it gave is in the checkpoint. Whose they were.
  std::vector<std::string> forget();

 private:
  struct Batch {
    std::string nonce;
    std::uint32_t endpoint = 0;
    store::BatchPhase phase = store::BatchPhase::intended;
    std::optional<RowsFile> rows;        // once it is sealed
    std::optional<RepliesFile> replies;  // once it is collected
  };
  core::Status open_files(Batch& batch) const;
  Batch* find_batch(std::string_view nonce);
  Batch& of(std::uint64_t line) { return *batches_[static_cast<std::size_t>(line / kMostLines)]; }

  const std::string directory_;
  index::HashIndex index_;
  mutable std::mutex mutex_;                     // guards what follows
  std::vector<std::unique_ptr<Batch>> batches_;  // never fewer
};

}  // namespace sluice::parked
