// Counts a run's events, for what is shown beside the ledger: how long attempts and commits take, why attempts fail.
// Of this process's run: the ledger has the job's whole.
//
// Threads: any; a mutex guards all of it, held for some 20 ns an event.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "observe/histogram.h"
#include "observe/observer.h"

namespace sluice::observe {

class Meter final : public Observer {
 public:
  // `endpoints`: how many the pipeline has.
  explicit Meter(std::size_t endpoints);

  void on(const AttemptEnded& event) override;
  void on(const Committed& event) override;

  struct Endpoint {
    // Why attempts failed, the most frequent cause first. What was cancelled by us is not among them.
    std::vector<std::pair<provider::Cause, std::uint64_t>> failures;
    HistogramValue duration;  // of attempts that were answered, in seconds
  };
  struct Counts {
    std::vector<Endpoint> endpoints;
    HistogramValue commit_duration;  // seconds
  };
  Counts counts() const;

 private:
  struct Counting {
    std::array<std::uint64_t, provider::kCauses> failures{};
    Histogram duration;
  };
  mutable std::mutex mutex_;  // guards all below
  std::vector<Counting> endpoints_;
  Histogram commits_;
};

}  // namespace sluice::observe
