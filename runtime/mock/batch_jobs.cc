#include "mock/batch_jobs.h"

#include <algorithm>

#include "core/hash.h"
#include "mock/draws.h"
#include "simulate/batch_model.h"
#include "simulate/random.h"

namespace sluice::mock {
namespace {

using simulate::mix;
using simulate::unit;

core::Duration part(core::Duration whole, double share) {
  return core::Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * share));
}

core::Duration draw_turnaround(const BatchOptions& options, std::uint64_t seed, std::uint64_t draws,
                               std::string_view model, std::uint64_t lines, core::Duration now) {
  const bool slow =
      simulate::is_slow(options.regime, mix(seed, kBatchRegimeDraw), core::hash128(model).low, now);
  return simulate::turnaround({.radius = mix(draws, kBatchTimeDraw),
                               .angle = mix(draws, kBatchAngleDraw),
                               .tail = mix(draws, kBatchTailDraw)},
                              lines, slow);
}

}  // namespace

core::Duration BatchClock::at(core::Time now) const {
  return part(now - started_, speed_) + skipped_;
}

core::Duration BatchClock::real(core::Duration batch_time) const {
  return part(batch_time, 1 / speed_);
}

BatchPlan draw_plan(const BatchOptions& options, std::uint64_t seed, std::uint64_t draws,
                    std::string_view model, std::uint64_t lines, core::Duration window,
                    core::Duration now) {
  const auto happens = [&](double share, Purpose purpose) {
    return unit(mix(draws, purpose)) < share;
  };
  const BatchFaults& f = options.faults;
  BatchPlan plan;
  const simulate::BatchPhases phases = simulate::phases_of(
      options.turnaround ? *options.turnaround
                         : draw_turnaround(options, seed, draws, model, lines, now));
  plan.validating = phases.validating;
  plan.finalizing = phases.finalizing;
  plan.running = phases.running;
  plan.cancelling = phases.cancelling;
  // Not one that the provider never ends.
  plan.window = window > core::Duration::zero() ? options.window.value_or(window) : window;
  if (happens(f.stuck, kBatchStuckDraw)) {
    plan.reach = 0.97;
    plan.window = {};
  } else if (plan.window > core::Duration::zero() && happens(f.expire, kBatchExpireDraw)) {
    plan.reach = 0.2 + 0.7 * unit(mix(draws, kBatchReachDraw));
    plan.running = std::min(plan.running, part(plan.window, 0.9));
  }
  plan.late_cancel = happens(f.late_cancel, kBatchCancelDraw);
  plan.cancel_empty = happens(f.cancel_empty, kBatchEmptyDraw);
  plan.all_fail = happens(f.all_fail, kBatchAllFailDraw);
  plan.flat_counts = happens(f.flat_counts, kBatchCountsDraw);
  plan.shuffle = happens(f.shuffle, kBatchShuffleDraw);
  plan.body_text = happens(f.body_text, kBatchBodyDraw);
  return plan;
}

std::optional<core::Duration> BatchLife::started() const {
  if (plan_.fails) return std::nullopt;
  const core::Duration at = created_ + plan_.validating;
  if (obeys_cancel() && *cancelled_ < at) return std::nullopt;
  return at;
}

std::optional<core::Duration> BatchLife::natural_end() const {
  const core::Duration validated = created_ + plan_.validating;
  if (plan_.fails) return validated;
  const core::Duration done = validated + plan_.running + plan_.finalizing;
  const bool reaches = plan_.reach >= 1;
  if (const auto last = expires(); last && (!reaches || done > *last)) return last;
  return reaches ? std::optional(done) : std::nullopt;
}

BatchState BatchLife::natural_ending() const {
  if (plan_.fails) return BatchState::failed;
  return natural_end() == expires() ? BatchState::expired : BatchState::completed;
}

std::optional<core::Duration> BatchLife::finalizing() const {
  if (plan_.fails || plan_.reach < 1 || natural_ending() == BatchState::expired)
    return std::nullopt;
  const core::Duration at = created_ + plan_.validating + plan_.running;
  if (obeys_cancel()) return std::nullopt;
  return at;
}

std::optional<core::Duration> BatchLife::ended() const {
  const auto end = natural_end();
  if (!obeys_cancel()) return end;
  const core::Duration cancelled = *cancelled_ + plan_.cancelling;
  return end ? std::min(*end, cancelled) : cancelled;
}

std::optional<core::Duration> BatchLife::expires() const {
  if (plan_.window == core::Duration::zero()) return std::nullopt;
  return created_ + plan_.window;
}

double BatchLife::done_at(core::Duration now) const {
  const auto since = started();
  if (!since || now <= *since) return 0;
  if (plan_.running == core::Duration::zero()) return plan_.reach;
  const double share =
      static_cast<double>((now - *since).count()) / static_cast<double>(plan_.running.count());
  return std::min(share, plan_.reach);
}

BatchLife::Moment BatchLife::at(core::Duration now) const {
  const auto end = ended();
  if (end && now >= *end) {
    const bool cancelled = obeys_cancel() && *end == *cancelled_ + plan_.cancelling;
    return {cancelled ? BatchState::cancelled : natural_ending(), done_at(*end)};
  }
  const double done = done_at(now);
  if (cancelled_ && now >= *cancelled_) return {BatchState::cancelling, done};
  if (const auto last = finalizing(); last && now >= *last) return {BatchState::finalizing, done};
  if (now >= created_ + plan_.validating && !plan_.fails) return {BatchState::running, done};
  return {BatchState::validating, done};
}

void BatchLife::cancel(core::Duration now) {
  if (cancelled_ || is_over(at(now).state)) return;
  cancelled_ = now;
}

bool line_done(std::uint64_t line_draws, double done) {
  return done >= 1 || unit(mix(line_draws, kBatchDoneDraw)) < done;
}

bool is_over(BatchState state) {
  switch (state) {
    case BatchState::failed:
    case BatchState::expired:
    case BatchState::cancelled:
    case BatchState::completed:
      return true;
    case BatchState::validating:
    case BatchState::running:
    case BatchState::finalizing:
    case BatchState::cancelling:
      break;
  }
  return false;
}

}  // namespace sluice::mock
