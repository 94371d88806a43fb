// What the mock has counted: the other side's books, to hold a ledger against. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/money.h"

namespace sluice::mock {

// Of the batch APIs. What its lines were billed stands in Stats as well.
struct BatchStats {
  std::uint64_t calls = 0;  // about files and batches, whatever came of them
  std::uint64_t uploads = 0;
  std::uint64_t upload_bytes = 0;
  std::uint64_t created = 0;
  // By the label that the client gave: metadata.sluice or all metadata, a display name, a token; else
  // the first line's id up to its first '.' or '-'. Beyond kMostLabels new ones count as "(others)".
  std::map<std::string, std::uint64_t> by_label;
  std::map<std::string, std::uint64_t> by_end;  // "completed", "expired", …
  std::uint64_t lines = 0;                      // answered, and billed
  std::uint64_t line_errors = 0;
  std::uint64_t lines_not_run = 0;  // when theirs was cancelled or expired
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t output_tokens = 0;
  core::Money cost;
  std::uint64_t running = 0;  // unfinished now
  std::uint64_t enqueued_tokens = 0;

  static constexpr std::size_t kMostLabels = 10'000;
};

struct Stats {
  std::uint64_t requests = 0;              // calls that were to be billed, whatever came of them
  std::map<int, std::uint64_t> by_status;  // of those that got a response
  std::uint64_t resets = 0;
  std::uint64_t hangs = 0;
  std::uint64_t answered = 0;                    // with status 200: these are billed, and no others
  std::map<std::string, std::uint64_t> by_tier;  // of the answered ones, where one was named
  std::uint64_t rows = 0;                        // asked about in the answered ones
  std::uint64_t repeated_rows = 0;  // of these, seen before (with Options::count_repeats)
  std::uint64_t input_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of the input tokens
  std::uint64_t output_tokens = 0;
  core::Money cost;
  std::uint64_t in_flight = 0;  // being answered now; without those that hang
  std::uint64_t max_in_flight = 0;
  BatchStats batch;
};

// One JSON object; the bill as "cost_usd", exact, and as the integer "cost_picodollars".
std::string stats_json(const Stats& stats);

}  // namespace sluice::mock
