// What a process does of a job that it shares with others (runtime/shared_job): one run after the other, each over a
// part of the input, until the job is complete.
//
//   new shards      records of the input that no process had yet, as far as this process gets, into a checkpoint of its own
//   left behind     shards of workers that died or left, with what their logs say they had answered
//   finish          once all shards are done, one process: the logs of all in the job's own checkpoint, and a run over
//                   the whole input that finds nothing to ask and writes the output, as that of a job alone
//
// A job with batches is one process's at a time, from its beginning to its end: batches are waited for far longer than
// handed over, and what is out when that process dies the next one goes on with.
//
// So which process has which shard is about time, never about truth: a row that was missed, for whatever reason, is asked by
// the last run, and one that was answered twice stands in the output once.
//
// Threads: one, but for what is said.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "job/run.h"
#include "passes/batch_copies.h"
#include "passes/spent.h"
#include "passes/taken_shards.h"
#include "shared_job/membership.h"
#include "stages/spec.h"
#include "store/job_lock.h"

namespace sluice::passes {

// ErrorCode::pipeline, with words for people, where a job cannot be shared.
core::Status can_be_shared(const stages::JobSpec& job);
// Whether a shared job is one process's at a time: it has batches.
bool is_by_one(const stages::PipelineSpec& spec);

struct Pass {
  enum class Kind : std::uint8_t { new_shards, left_behind, finish };
  Kind kind = Kind::new_shards;
  stages::PipelineSpec spec;
  stages::Shards* shards = nullptr;  // null: the whole input
  wal::SharedLog* log = nullptr;
  parked::SharedFiles* files = nullptr;
  dispatch::AskLedger ledger = {};  // job::RunOptions', as the next
  std::function<void(const std::string& member)> spends_as = {};
};

class Passes {
 public:
  // ErrorCode::io where the server is not reached, busy where others are at work with another pipeline file.
  // `notice`: what people should know; any thread. `spec` outlives it.
  static core::Result<std::unique_ptr<Passes>> join(const stages::PipelineSpec& spec,
                                                    std::function<void(std::string)> notice);
  ~Passes();

  // The next run, once there is one to do; nullopt when the job is complete, or `stopped` is so.
  core::Result<std::optional<Pass>> next(const std::function<bool()>& stopped);
  // The run is told when its shards were lost, and asked how it stands.
  // While what it returns lasts, which goes before the run does.
  [[nodiscard]] std::shared_ptr<void> begin(job::Run& run);
  core::Status ended(const job::RunResult& result);
  // The last run ended since others have its rows now: there may be more to do.
  bool lost() const { return lost_; }
  bool complete() const { return complete_; }
  // The last run was the one that writes the output, and has not lost that to another process.
  bool has_whole_job() const { return kind_ == Pass::Kind::finish && !lost_; }
  // What this process leaves undone is others' to do. Its own files go, unless `failed`.
  void leave(bool failed);

 private:
  Passes(const stages::PipelineSpec& spec, std::function<void(std::string)> notice);
  core::Result<Pass> new_shards();
  // `own_too`: of this process's own there is one that was given to it without its knowing.
  core::Result<std::optional<Pass>> left_behind(bool own_too);
  core::Result<std::optional<Pass>> finish(bool again);
  core::Result<Pass> with_log(Pass pass);
  stages::PipelineSpec part() const;  // the pipeline with files of this process's own

  const stages::PipelineSpec& spec_;
  const std::function<void(std::string)> notice_;
  const core::Hash128 fingerprint_;
  const bool by_one_;                    // the last run is the only one
  std::string folder_;                   // of this process, inside of the checkpoint's
  std::optional<store::JobLock> alive_;  // says so to those who would remove it
  std::unique_ptr<shared_job::Membership> member_;
  std::optional<TakenShards> shards_;
  shared_job::ShippedLog* log_ = nullptr;  // the membership's
  std::optional<BatchCopies> batches_;
  std::optional<Spent> spent_;  // where a budget is shared too
  std::optional<Pass::Kind> kind_;
  bool first_ = true;
  bool waits_ = false;  // for the process that has a job with batches, and has said so
  bool complete_ = false;
  std::atomic<bool> lost_ = false;
  shared_job::Tally earlier_;  // of this process's runs before
};

}  // namespace sluice::passes
