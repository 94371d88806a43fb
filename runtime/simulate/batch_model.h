// How long a modelled batch service takes, and what of a batch is done by when. The simulator's and the
// mock's: both draw from here.
//
// A turnaround is log-normal with a heavy tail, longer for larger batches, and correlated: a time is
// normal or slow for all batches of a model at once. Independent draws would let a hundred small batches
// average out what in truth befalls all of them.
//
// Threads: any. Times are since the model's start.
#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.h"

namespace sluice::simulate {

// Whether times are slow. mixed: drawn once for each model and six hours.
enum class BatchRegime : std::uint8_t { normal, slow, mixed };

// `stream`: of the whole service; `model`: the model's.
bool is_slow(BatchRegime regime, std::uint64_t stream, std::uint64_t model, core::Duration now);

// What is drawn for one batch.
struct TurnaroundDraws {
  std::uint64_t radius = 0;
  std::uint64_t angle = 0;
  std::uint64_t tail = 0;
};
core::Duration turnaround(const TurnaroundDraws& draws, std::uint64_t lines, bool slow);

// The parts of a turnaround. The lines are done evenly in `running`.
struct BatchPhases {
  core::Duration validating{};
  core::Duration running{};
  core::Duration finalizing{};
  core::Duration cancelling{};  // from a cancel to the end, while lines are still done
};
BatchPhases phases_of(core::Duration turnaround);

// One endpoint's batches in the simulator.
struct BatchModel {
  std::uint32_t most_lines = 50'000;
  BatchRegime regime = BatchRegime::mixed;
  std::optional<core::Duration> takes{};  // every batch; none = drawn
  // A batch that is not done by then has expired: what is done is kept and billed, the rest is not run.
  core::Duration window = std::chrono::hours(24);
  double unanswered = 0;  // share of the lines that were run and brought no answer; not billed
};

}  // namespace sluice::simulate
