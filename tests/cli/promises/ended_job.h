// A job with packs, retries and two endpoints that can be ended at any moment, and what must hold
// of it then: for the tests that kill it and that take its power.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>

#include "tests/cli/world.h"
#include "tests/scale.h"

namespace sluice::cli {

constexpr std::uint64_t kJobRows = 1500;
constexpr int kJobSlots = 6;  // of each of the two endpoints
constexpr std::uint64_t kKillsAJob = 5;

class EndedJob : public testing::Test {
 protected:
  // A job of 1 to 8 rows a request, whose provider fails in many ways.
  // `sinks`: more stages behind its sink.
  void begin_job(std::uint32_t seed, const std::string& durability, const std::string& sinks = "") {
    std::mt19937_64 random(seed);
    world_ = std::make_unique<World>();
    world_->make_rows(kJobRows);
    const std::uint64_t rows = 1 + random() % 8;
    world_->write("job.lua", fmt::format(R"lua(
local s = require "sluice"
local function endpoint()
  return s.openai {{ model = "mock", base_url = s.param "base_url", max_concurrency = {},
                     max_output_tokens = 4000, price = {{ input = 1, output = 2 }} }}
end
return s.pipeline {{
  name = "job",
  checkpoint = {{ durability = "{}" }},
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ rows = {}, system = "Say the colour.", user = "{{{{text}}}}",
           answer = {{ colour = s.one_of {{ "red", "green", "blue" }}, size = s.int {{ min = 1, max = 9 }} }} }},
  s.dispatch {{ endpoint(), endpoint(), route = "spread", retries = 30 }},
  s.parse {{ retries = 8 }},
  s.sink {{ "out.jsonl" }},
  {}
}}
)lua",
                                         kJobSlots, durability, rows, sinks));
    world_->start_mock({"--seed", std::to_string(seed), "--latency-ms", "2", "--latency-sigma",
                        "0.8", "--error-500", "0.02", "--drop-row", "0.03", "--double-row", "0.02",
                        "--garble", "0.02"});
    rows_a_request_ = rows;
  }

  // Runs `run` until the mock has served about `step` requests more, and kills it. False when it
  // ended before.
  bool kill_after(std::uint64_t step, std::uint64_t spin, std::unique_ptr<Process> run) {
    const std::uint64_t target = world_->mock_stats().requests + step;
    run->runs_until([&] { return world_->mock_stats().requests >= target; });
    for (std::uint64_t i = 0; i < spin; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    run->signal(SIGKILL);
    return run->wait() != 0;
  }

  void audit(bool finished) {
    const auto ended = world_->sluice({"audit", "job.lua", "--set", "base_url=http://none"});
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
    if (finished) {
      EXPECT_THAT(ended.output, testing::HasSubstr(" + 0 rejected + 0 pending"));
    }
  }

  // The ledger against the mock's own count.
  void hold_books(const JobStatus& status) {
    const MockStats mock = world_->mock_stats();
    EXPECT_LE(status.requests, mock.requests);
    EXPECT_LE(mock.requests, status.requests + status.maybe_billed);
    EXPECT_LE(status.input_tokens, mock.input_tokens);
    EXPECT_LE(mock.input_tokens, status.input_tokens + status.maybe_billed_input);
    EXPECT_LE(status.output_tokens, mock.output_tokens);
    EXPECT_LE(mock.output_tokens, status.output_tokens + status.maybe_billed_output);
  }

  // The status, once the mock has ended what a killed run had asked of it.
  JobStatus settled_status() {
    world_->wait_for_mock([](const MockStats& stats) { return stats.in_flight == 0; });
    return world_->status();
  }

  // Runs it to its end and holds all that is left to hold.
  JobStatus finish() {
    const auto ended = world_->sluice(world_->run_job());
    EXPECT_EQ(ended.status, 0) << ended.errors;
    EXPECT_EQ(wrong_with_output(*world_, kJobRows), "");
    audit(true);
    const JobStatus status = world_->status();
    EXPECT_EQ(status.answered, kJobRows);
    hold_books(status);
    return status;
  }

  std::unique_ptr<World> world_;
  std::uint64_t rows_a_request_ = 1;
};

}  // namespace sluice::cli
