// A job's checkpoint as it stands, read without changing it: what `status`, `audit`, `rejects` and
// `export` look at. A View shows one moment, also beside a run that goes on writing.
//
// Threads: one at a time for each View.
//
// Invariants:
//   1. Entries are those of the last run's generation, in the order in which their lines stand in
//      the output and in the rejects file. Withdrawn rejects come among them, and are in the file
//      only until the next run.
//   2. An entry beyond the recorded position of the projection has `recorded` false: its line may
//      not be in the file yet. Every other standing entry's line is in its file, or the file was
//      changed by somebody else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/projection.h"
#include "core/error.h"
#include "core/hash.h"
#include "store/job_lock.h"
#include "store/records.h"

namespace sluice::store {
class SqliteStore;
}

namespace sluice::checkpoint {

class BlockCache;
class FileState;

// What a run with another fingerprint than the last one's would find.
struct Foresight {
  bool new_generation = false;  // it would begin one; else the rest is not looked for
  std::uint64_t answers = 0;    // different questions that have a valid answer
  std::size_t found = 0;        // of the questions that were asked for: those among them
};

class View {
 public:
  // ErrorCode::io when there is no checkpoint, ErrorCode::corrupt when it is damaged, foreign or
  // newer.
  static core::Result<std::unique_ptr<View>> open(const std::string& directory);
  // The same while no run has the job, and none can begin before the View is gone: the files of the
  // sink hold still as well. ErrorCode::busy when one has it. Not even a lock is written.
  static core::Result<std::unique_ptr<View>> open_at_rest(const std::string& directory,
                                                          const std::string& job);
  ~View();

  // With what is in flight, while a run has the job; at rest that is what a crash left open, and
  // counts as maybe billed, as the next run will book it.
  const store::Account& account() const { return account_; }
  // Up to where the last run knew the sink's files to be whole.
  store::Position recorded() const { return recorded_; }
  // ErrorCode::pipeline unless the last run had this fingerprint (Options::fingerprint).
  core::Status expect_fingerprint(const core::Hash128& fingerprint) const;

  // For a run with this fingerprint and these models (Options). Reads all keys: some 0.1 s for 10^6
  // rows.
  core::Result<Foresight> foresee(const core::Hash128& fingerprint,
                                  const std::vector<std::string>& models,
                                  const std::vector<core::Hash128>& questions);

  // The questions that have an answer by one of these models (Options::models), of all generations;
  // those of older formats by the names that they had there. In no order, some several times.
  core::Status each_answered(const std::vector<std::string>& models,
                             const std::function<void(const core::Hash128& question)>& each);

  struct Ended {
    core::Hash128 row;
    bool old_row = false;  // `row` is a name as formats 1 to 4 gave it (old_names.h)
    store::Kind kind = store::Kind::answer;
    std::string_view line;      // without line end; valid during the call
    std::size_t answer_at = 0;  // as Entry::answer_at
    std::uint64_t place = 0;    // for line_at()
    core::Hash128 question;     // zero: never asked
    std::string_view model;     // of an answer: model_identity(); empty where it is not known
    std::int64_t generation = 0;
    bool recorded = false;
    bool withdrawn = false;  // a reject that was taken back: its row is pending
  };
  using Each = std::function<core::Status(const Ended&)>;
  // Stops at the first error, and returns it.
  core::Status each(const Each& each);
  core::Status each_reject(const Each& each);  // but those withdrawn
  // The entries of earlier generations, the latest generation first.
  core::Status each_earlier(const Each& each);

  struct Line {
    std::string_view text;  // valid until the next call
    std::size_t answer_at = 0;
  };
  // An entry's line, by its place. Quick for places near those asked for lately.
  core::Result<Line> line_at(std::uint64_t place);

 private:
  View(std::unique_ptr<store::SqliteStore> store, std::optional<store::JobLock> lock);
  static core::Result<std::unique_ptr<View>> load(
      const std::string& directory, core::Result<std::unique_ptr<store::SqliteStore>> store,
      bool running, std::optional<store::JobLock> lock);
  core::Status begin(const std::string& directory);
  core::Status load_account(bool running);
  core::Status scan(std::int64_t after, const Each& each);
  core::Status scan_block(std::int64_t generation, std::int64_t block, std::string keys,
                          std::string_view payload, const Each& each);
  core::Status read_models();

  std::optional<store::JobLock> lock_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<BlockCache> blocks_;  // of store_; made when it is needed
  std::unique_ptr<FileState> state_;    // the file's, and what stands in the write-ahead log alone
  store::Account account_;
  store::Position recorded_;
  std::int64_t answers_block_ = 0;  // the last that recorded_ includes
  std::int64_t rejects_block_ = 0;
  std::int64_t generation_ = 0;
  std::map<std::uint32_t, std::string> models_;  // once read_models() has been called
  std::optional<core::Hash128> fingerprint_;     // none before the first run has begun
};

}  // namespace sluice::checkpoint
