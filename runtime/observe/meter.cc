#include "observe/meter.h"

#include <algorithm>

namespace sluice::observe {
namespace {

// A batch of a tenth of a second to a reasoning model's ten minutes; and a commit, which waits for company for 50 ms
// and for a disk.
constexpr std::array kAttemptBounds = {0.05, 0.1,  0.2,  0.5,   1.0,   2.0,  5.0,
                                       10.0, 20.0, 60.0, 120.0, 300.0, 600.0};
constexpr std::array kCommitBounds = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,  0.5,   1.0,  5.0,   30.0};

}  // namespace

Meter::Meter(std::size_t endpoints)
    : endpoints_(endpoints, Counting{.duration = Histogram(kAttemptBounds)}),
      commits_(kCommitBounds) {}

void Meter::on(const AttemptEnded& event) {
  const bool answered = event.outcome.action == provider::Action::none;
  if (!answered && event.outcome.cause == provider::Cause::cancelled) return;
  const double seconds = core::in_seconds(event.ended - event.sent);
  const std::lock_guard lock(mutex_);
  Counting& endpoint = endpoints_[event.endpoint];
  if (answered) {
    endpoint.duration.add(seconds);
  } else {
    ++endpoint.failures[static_cast<std::size_t>(event.outcome.cause)];
  }
}

void Meter::on(const Committed& event) {
  const double seconds = core::in_seconds(event.took);
  const std::lock_guard lock(mutex_);
  commits_.add(seconds);
}

Meter::Counts Meter::counts() const {
  Counts counts;
  const std::lock_guard lock(mutex_);
  for (const Counting& counting : endpoints_) {
    Endpoint endpoint{.failures = {}, .duration = counting.duration.value()};
    for (std::size_t cause = 0; cause < counting.failures.size(); ++cause)
      if (counting.failures[cause] > 0)
        endpoint.failures.emplace_back(static_cast<provider::Cause>(cause),
                                       counting.failures[cause]);
    std::ranges::sort(endpoint.failures, std::ranges::greater(),
                      &std::pair<provider::Cause, std::uint64_t>::second);
    counts.endpoints.push_back(std::move(endpoint));
  }
  counts.commit_duration = commits_.value();
  return counts;
}

}  // namespace sluice::observe
