// A scratch folder with a pipeline file, its input and a mock provider: what the tests of the real
// program run in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cli/process.h"

namespace sluice::cli {

struct MockStats {
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  std::uint64_t rows = 0;
  std::uint64_t repeated_rows = 0;
  std::uint64_t input_tokens = 0;
  std::uint64_t output_tokens = 0;
  std::uint64_t in_flight = 0;
};

struct JobStatus {
  std::uint64_t read = 0, answered = 0, rejected = 0, pending = 0;
  std::uint64_t requests = 0, answered_requests = 0, failed_requests = 0, input_tokens = 0,
                output_tokens = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t maybe_billed = 0, maybe_billed_input = 0, maybe_billed_output = 0;
};

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, std::string_view text) const;
  std::string read(const std::string& name) const;
  std::vector<std::string> lines(const std::string& name) const;

  // "in.jsonl": {"id":"T-0","text":"…"} and so on.
  void make_rows(std::size_t count) const;
  // "job.lua": asks for one of three colours and a size, `rows` a request, of the mock. `endpoint`:
  // more of its options; `stages`: more stages, or options of the pipeline.
  void make_job(int rows, const std::string& endpoint = "", const std::string& stages = "") const;

  // `sluice` with these arguments, to its end.
  struct Ended {
    std::optional<int> status;
    std::string output;
    std::string errors;
  };
  Ended sluice(std::vector<std::string> arguments) const;
  std::unique_ptr<Process> start(std::vector<std::string> arguments) const;
  // `sluice run job.lua`, with the mock's address where there is one.
  std::vector<std::string> run_job() const;
  JobStatus status() const;
  bool has_checkpoint() const;

  void start_mock(std::vector<std::string> arguments = {});
  void stop_mock() { mock_.reset(); }
  void signal_mock(int signal) const { mock_->signal(signal); }
  const std::string& base_url() const { return base_url_; }
  MockStats mock_stats() const;
  std::string mock_report() const;  // the body of its GET /stats
  void wait_for_mock(const std::function<bool(const MockStats&)>& holds) const;
  // Waits until the mock has been asked at least so often.
  void wait_for_requests(std::uint64_t count) const;

 private:
  std::string folder_;
  std::unique_ptr<Process> mock_;
  std::string base_url_;
};

// Whether `keys` (of "in.jsonl") stand each exactly once in the output and the rejects together,
// and every line is whole JSON. Returns what is wrong, or "".
std::string wrong_with_output(const World& world, std::size_t rows);

}  // namespace sluice::cli
