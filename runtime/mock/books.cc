#include "mock/books.h"

#include <cmath>

#include "core/hash.h"
#include "provider/outcome.h"

namespace sluice::mock {

void Books::count_rows(const std::vector<provider::FramedRow>& rows) {
  stats_.rows += rows.size();
  if (!count_repeats_) return;
  for (const provider::FramedRow& row : rows) {
    if (!seen_.insert(core::hash128(row.text).low).second) ++stats_.repeated_rows;
  }
}

core::Money Books::charge(const wire::Answer& answer, double share) {
  ++stats_.answered;
  if (!answer.tier.empty()) ++stats_.by_tier[answer.tier];
  stats_.input_tokens += answer.input;
  stats_.cached_tokens += answer.cached;
  stats_.output_tokens += answer.output;
  const provider::Usage usage{.input = answer.input,
                              .cached_input = answer.cached,
                              .output = answer.output,
                              .reasoning = answer.reasoning};
  core::Money cost = provider::cost_of(usage, price_);
  if (share != 1) {
    cost = core::Money::picodollars(std::llround(static_cast<double>(cost.picodollars()) * share));
  }
  stats_.cost += cost;
  return cost;
}

void Books::bill(const wire::Answer& answer) {
  ++stats_.by_status[200];
  charge(answer, 1);
}

void Books::bill_line(const wire::Answer& answer) {
  BatchStats& batch = stats_.batch;
  ++batch.lines;
  batch.input_tokens += answer.input;
  batch.cached_tokens += answer.cached;
  batch.output_tokens += answer.output;
  batch.cost += charge(answer, batch_share_);
}

void Books::reset() {
  const std::uint64_t in_flight = stats_.in_flight;
  const BatchStats before = std::move(stats_.batch);
  stats_ = Stats();
  stats_.in_flight = stats_.max_in_flight = in_flight;
  stats_.batch.running = before.running;
  stats_.batch.enqueued_tokens = before.enqueued_tokens;
  seen_.clear();
}

}  // namespace sluice::mock
