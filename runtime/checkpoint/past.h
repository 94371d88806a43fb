// The past of a job as its checkpoint's file has it, for the projection to prove that what it finds
// is the job's (projection.h).
//
// Threads: one. `store` outlives it and is only read.
#pragma once

#include <memory>
#include <vector>

#include "checkpoint/projection.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {

class StoredPast final : public Past {
 public:
  // `job`: as the last run left it. `boot`: Options::boot.
  static core::Result<std::unique_ptr<StoredPast>> load(store::SqliteStore& store,
                                                        const store::JobState& job,
                                                        const std::string& boot);

  std::size_t generations() const override { return generations_.size(); }
  const store::Mark& mark(std::size_t generation) const override {
    return generations_[generation].mark;
  }
  bool may_have_lost() const override { return may_have_lost_; }
  core::Status lines(std::size_t generation, store::Kind kind, From from,
                     const Each& each) override;

  // What index 0 stands for. There must be one.
  const store::PastGeneration& latest() const { return generations_.front(); }

 private:
  StoredPast(store::SqliteStore& store, std::vector<store::PastGeneration> generations,
             bool may_have_lost)
      : store_(store), generations_(std::move(generations)), may_have_lost_(may_have_lost) {}

  store::SqliteStore& store_;
  std::vector<store::PastGeneration> generations_;
  bool may_have_lost_;
};

}  // namespace sluice::checkpoint
