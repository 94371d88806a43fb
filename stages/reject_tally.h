// How many rows of a run were rejected for which reason, with an example of each: for the display.
//
// Threads: any. The mutex guards the map; it is taken once for each rejected row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/reject.h"

namespace sluice::stages {

class RejectTally {
 public:
  struct Reason {
    core::Stage stage = core::Stage::read;
    std::string reason;
    std::uint64_t rows = 0;
    std::string example;  // the first one's detail
  };

  void add(const core::Reject& reject) {
    const std::lock_guard lock(mutex_);
    Reason& one = reasons_[{reject.stage, reject.reason}];
    if (one.rows++ == 0) {
      one.stage = reject.stage;
      one.reason = reject.reason;
      one.example = reject.detail;
    }
  }
  // The most frequent first.
  std::vector<Reason> reasons() const {
    std::vector<Reason> sorted;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [key, one] : reasons_) sorted.push_back(one);
    }
    std::ranges::sort(sorted, {}, [](const Reason& one) {
      return std::tuple(~one.rows, one.stage, std::string_view(one.reason));
    });
    return sorted;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<core::Stage, std::string>, Reason>
      reasons_;  // reasons are words of a fixed list
};

}  // namespace sluice::stages
