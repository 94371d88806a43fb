// The options of `sluice mock` about its batch APIs.
//
// Threads: before the mock starts.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "mock/batch_options.h"

namespace sluice::cli {

// As they were typed, where that takes reading.
struct MockBatchFlags {
  std::string regime;
  std::string turnaround;
  std::string window;
  std::string unlisted;
  std::string file_delay;
};

void add_batch_flags(CLI::App& command, MockBatchFlags& flags, mock::BatchOptions& options);
core::Status fill_in_batch(const MockBatchFlags& flags, mock::BatchOptions& options);

// "4s", "500ms", "2m", "1h", "1d"; a number alone is seconds.
core::Result<core::Duration> mock_duration(const std::string& text);

}  // namespace sluice::cli
