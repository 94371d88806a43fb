// A checkpoint for a run or a plan that leaves no trace: nothing is written, all that a run hands
// over is kept in memory, and every callback runs at once on the caller's thread. The output and
// the rejects file are not opened.
//
// Threads: as checkpoint::Checkpoint. What is kept may be read when the run has ended.
//
// Memory: all that is committed, so it is for few rows; 24 bytes for each row or question that is
// known beforehand.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace sluice::inspect {

// The answer in an entry's line: its members as JSON, without braces.
std::string answer_members(const store::Entry& entry);

// Handed over by a run, in its order. Outlives the checkpoint.
struct Kept {
  std::vector<store::Settlement> settlements;
  std::vector<store::Entry> entries;
};

class Unkept final : public checkpoint::Checkpoint {
 public:
  // `spent`: what counts against the budget already. `kept` may be null.
  Unkept(core::Money spent, std::vector<std::string> endpoints, std::shared_ptr<Kept> kept);

  // Known beforehand: rows that ended in an earlier run, questions that have an answer.
  void add_done(const core::Hash128& row) { ++done_[row]; }
  void add_answered(const core::Hash128& question) { answered_.insert(question); }

  const Opened& opened() const override { return opened_; }
  core::Result<bool> consume_done(const core::Hash128& row) override;
  std::uint64_t unmatched() const override { return 0; }
  core::Result<std::optional<checkpoint::StoredAnswer>> find_answer(
      const core::Hash128& question) override;
  bool intend(std::vector<store::Intent>, std::function<void()>) override { return true; }
  void commit(store::Results results, std::function<void()> durable) override;
  void set_rows_read(std::uint64_t rows, bool complete) override;
  void set_day_use(std::uint32_t, const store::DayUse&) override {}
  store::Account account() const override;
  void on_failure(std::function<void(core::Error)>) override {}
  core::Status close() override { return {}; }

 private:
  Opened opened_;
  const std::shared_ptr<Kept> kept_;
  std::unordered_map<core::Hash128, std::uint32_t> done_;
  std::unordered_set<core::Hash128> answered_;
  mutable std::mutex mutex_;  // guards what follows, and *kept_
  std::unordered_map<core::Hash128, checkpoint::StoredAnswer> answers_;
  store::Account account_;
};

}  // namespace sluice::inspect
