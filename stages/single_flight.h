// The questions that are being asked right now, so that equal ones are asked once: the first row
// with a question leads, later ones follow and get the leader's answer.
//
// Threads: any.
//
// Invariant: a question leaves take() only after its answer can be found in the checkpoint, so a
// row that looks here first and there second never misses both.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory_resource>
#include <mutex>
#include <span>
#include <unordered_map>

#include "core/hash.h"
#include "stages/item.h"

namespace sluice::stages {

class InFlight {
 public:
  // True: `item` leads and stays with the caller. False: its question is being asked; it was moved
  // here.
  bool lead_or_follow(Item& item) {
    std::lock_guard lock(mutex_);
    const auto [at, leads] = followers_.try_emplace(item.question);
    if (!leads) at->second.push_back(std::move(item));
    return leads;
  }

  // The leader has ended: its followers.
  Items take(const core::Hash128& question) { return take(std::span(&question, 1)); }
  // Those of many.
  Items take(std::span<const core::Hash128> questions) {
    Items taken;
    std::lock_guard lock(mutex_);
    for (const core::Hash128& question : questions) {
      const auto at = followers_.find(question);
      if (at == followers_.end()) continue;
      std::ranges::move(at->second, std::back_inserter(taken));
      followers_.erase(at);
    }
    return taken;
  }

 private:
  std::mutex mutex_;                              // guards followers_
  std::pmr::unsynchronized_pool_resource nodes_;  // of followers_
  std::pmr::unordered_map<core::Hash128, Items> followers_{&nodes_};
};

}  // namespace sluice::stages
