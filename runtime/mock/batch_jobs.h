// The life of a batch: which state it is in at any moment, and how much of it is done. No format, no
// I/O, no clock: time is handed in, as batch time since the mock's start.
//
//   validating ──▶ running ──▶ finalizing ──▶ completed
//        │            │ │                         ▲
//        ▼            │ └──── window's end ──▶ expired
//      failed         ▼                           │ (late_cancel)
//                cancelling ──▶ cancelled ────────┘
//
// at() works it out from what was drawn when the batch was made and from cancel(): nothing is stored as
// it passes, so the order and number of questions change nothing.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.h"
#include "mock/batch_options.h"
#include "wire/batch.h"

namespace sluice::mock {

using wire::BatchState;

// Batch time. It passes evenly, and can be moved on.
class BatchClock {
 public:
  BatchClock(double speed, core::Time started) : speed_(speed), started_(started) {}

  core::Duration at(core::Time now) const;
  // Of the clock, for so much batch time.
  core::Duration real(core::Duration batch_time) const;
  void skip(core::Duration batch_time) { skipped_ += batch_time; }

 private:
  double speed_;
  core::Time started_;
  core::Duration skipped_{};
};

// What is drawn for a batch when it is made.
struct BatchPlan {
  core::Duration validating{};
  core::Duration running{};
  core::Duration finalizing{};
  core::Duration cancelling{};
  core::Duration window{};  // since it was made; zero = it never expires
  double reach = 1;         // so much of it is done at most, however long it runs
  bool fails = false;       // after validating
  bool late_cancel = false;
  // What becomes of its results:
  bool cancel_empty = false;
  bool all_fail = false;
  bool flat_counts = false;
  bool shuffle = false;
  bool body_text = false;
};

// `draws`: of this batch. `model` and `now` decide whether the time is slow.
BatchPlan draw_plan(const BatchOptions& options, std::uint64_t seed, std::uint64_t draws,
                    std::string_view model, std::uint64_t lines, core::Duration window,
                    core::Duration now);

class BatchLife {
 public:
  BatchLife(BatchPlan plan, core::Duration created) : plan_(plan), created_(created) {}

  struct Moment {
    BatchState state = BatchState::validating;
    double done = 0;  // share of the lines
  };
  Moment at(core::Duration now) const;
  // Nothing where it is over by then, or is being cancelled.
  void cancel(core::Duration now);

  // When it came, or will come if nothing happens, into a state; nullopt = never.
  std::optional<core::Duration> started() const;
  std::optional<core::Duration> finalizing() const;
  std::optional<core::Duration> cancelling() const { return cancelled_; }
  std::optional<core::Duration> ended() const;
  std::optional<core::Duration> expires() const;
  core::Duration created() const { return created_; }
  const BatchPlan& plan() const { return plan_; }

 private:
  // Without a cancel.
  std::optional<core::Duration> natural_end() const;
  BatchState natural_ending() const;
  bool obeys_cancel() const { return cancelled_ && !plan_.late_cancel; }
  double done_at(core::Duration now) const;

  BatchPlan plan_;
  core::Duration created_;
  std::optional<core::Duration> cancelled_;
};

// Whether a line is done when that share of its batch is: each in its own time.
bool line_done(std::uint64_t line_draws, double done);

bool is_over(BatchState state);

}  // namespace sluice::mock
