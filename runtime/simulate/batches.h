// The batch services of the simulator's endpoints: what is parked joins the batch that is being filled, which
// is sealed when it is full or old, and ends when its BatchModel says. Private to the simulator.
//
// Threads: one. Time must not run backwards.
//
// Invariants:
//   1. Every line that is parked comes back once, with an answer or without.
//   2. A batch that is cancelled or expires keeps what was done by then, in the order of its lines.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "schedule/parking.h"
#include "schedule/types.h"
#include "simulate/batch_model.h"
#include "simulate/random.h"
#include "simulate/server_spec.h"

namespace sluice::simulate {

class Batches {
 public:
  // A batch is sealed so long after its first line, though it is not full.
  static constexpr core::Duration kFillingLongest = std::chrono::seconds(60);

  // Of endpoints without a BatchModel nothing may be parked.
  Batches(std::span<const ServerSpec> endpoints, std::optional<core::Time> deadline,
          std::uint64_t seed);

  struct Line {
    schedule::RequestId request = 0;
    std::uint32_t batches = 0;  // it stood in before this one
    core::Money worst_cost;
  };
  struct Ended {
    schedule::EndpointId endpoint = 0;
    std::vector<Line> answered;
    std::vector<Line> unanswered;
    bool cancelled = false;
  };

  // The batch is full with so many lines as its deadline leaves it (lines_of_a_batch).
  void park(core::Time now, schedule::EndpointId endpoint, const Line& line);
  void seal_all(core::Time now);
  // When a batch is old enough to be sealed, or ends; nullopt: there is none.
  std::optional<core::Time> next() const;
  // Seals what is old enough, and takes out what has ended.
  std::vector<Ended> pass(core::Time now);

  // Those that are out. Their indices are good for cancel() until the next call of any other.
  std::vector<schedule::OpenBatch> open(core::Time now) const;
  void cancel(core::Time now, std::size_t index);

  bool empty() const;
  std::uint64_t lines() const;  // that have not come back
  std::uint64_t made() const { return made_; }

 private:
  struct Batch {
    schedule::EndpointId endpoint = 0;
    std::vector<Line> lines;
    core::Time created;
    BatchPhases phases;
    core::Time ends;
    bool cancelled = false;

    std::size_t done(core::Time at) const;
  };
  struct Filling {
    std::vector<Line> lines;
    core::Time since{};
  };

  void seal(core::Time now, schedule::EndpointId endpoint);
  Ended take(Batch batch);

  std::vector<std::optional<BatchModel>> models_;
  std::optional<core::Time> deadline_;
  std::vector<Filling> filling_;  // by EndpointId
  std::vector<Batch> out_;
  std::uint64_t seed_;
  Random random_;
  std::uint64_t made_ = 0;
};

}  // namespace sluice::simulate
