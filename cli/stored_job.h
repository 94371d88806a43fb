// A job as its checkpoint has it, for the listener of `status --listen`: read again when it is asked for, at most once
// a second. A run may have the job meanwhile.
//
// Threads: the listener's.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/clock.h"
#include "inspect/reject_reasons.h"
#include "listen/source.h"
#include "stages/spec.h"

namespace sluice::cli {

class StoredJob final : public listen::Source {
 public:
  // `job` outlives it.
  StoredJob(const stages::JobSpec& job, std::string file) : job_(job), file_(std::move(file)) {}

  core::Result<listen::Status> status() override;
  core::Result<std::string> series() override;
  Files files() override;
  // None is taken: no run of this process has the job.
  core::Result<listen::State> order(Order order, core::Money budget) override;

 private:
  core::Result<listen::Status> read();
  // The last question that has begun.
  std::size_t question() const;

  const stages::JobSpec& job_;
  const std::string file_;
  const core::SystemClock clock_;
  struct Read {
    core::Time at;
    core::Result<listen::Status> status;
  };
  std::optional<Read> read_;
  inspect::RejectReasons reasons_;  // of this question, when so many were rejected:
  std::pair<std::size_t, std::uint64_t> rejected_ = {};
  struct ReadSeries {
    core::Time at;
    std::string json;
  };
  std::optional<ReadSeries> series_;
};

// Serves it until Ctrl-C. The exit status.
int listen_to_stored(const stages::JobSpec& job, const std::string& file,
                     const std::string& address);

}  // namespace sluice::cli
