// What has been served and billed, whoever asked for it: a call, or a line of a batch.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "mock/options.h"
#include "mock/stats.h"
#include "provider/row_tags.h"
#include "wire/wire.h"

namespace sluice::mock {

class Books {
 public:
  explicit Books(const Options& options)
      : price_(options.price),
        batch_share_(options.batch.price_share),
        count_repeats_(options.count_repeats) {}

  Stats& stats() { return stats_; }
  const Stats& stats() const { return stats_; }

  void count_rows(const std::vector<provider::FramedRow>& rows);
  // An answer to a call.
  void bill(const wire::Answer& answer);
  // The answer to a line of a batch, at the batch price.
  void bill_line(const wire::Answer& answer);
  // Begins again, but for what is being done.
  void reset();

 private:
  core::Money charge(const wire::Answer& answer, double share);

  core::Price price_;
  double batch_share_;
  bool count_repeats_;
  Stats stats_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace sluice::mock
