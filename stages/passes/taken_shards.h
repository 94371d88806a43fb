// The shards that a process takes while it reads the input: of those that are new, or of those that were left behind.
//
// Threads: the reader's.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "shared_job/membership.h"
#include "stages/shards.h"

namespace sluice::passes {

class TakenShards final : public stages::Shards {
 public:
  explicit TakenShards(shared_job::Membership& member) : member_(member) {}
  // Those of workers that are gone.
  TakenShards(shared_job::Membership& member, std::set<shared_job::WorkerId> left_by)
      : member_(member), left_by_(std::move(left_by)) {}

  core::Result<Wanted> wants(std::uint64_t number) override;
  core::Status ended(std::uint64_t records) override;

 private:
  shared_job::Membership& member_;
  const std::optional<std::set<shared_job::WorkerId>> left_by_;
  std::uint64_t from_ = 0;  // the shard that is being read, or is next: [from_, to_)
  std::uint64_t to_ = 0;
};

}  // namespace sluice::passes
