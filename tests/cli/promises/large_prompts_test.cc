// Prompts that are large whatever the rows are: what the flow holds stays within its bound.
#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/cli/world.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

#ifdef SLUICE_SANITIZED
constexpr bool kMemoryIsOurs = false;  // sanitizers keep what was freed
#else
constexpr bool kMemoryIsOurs = true;
#endif

// Of a run whose user text holds 200 KB beside the row, with a thousand requests in flight.
double peak_mb(const std::string& user, std::string text_of_rows) {
  World world;
  std::string rows;
  // In any case more than the bound has room for.
  const std::uint64_t count = at_scale(1500, 750);
  for (std::uint64_t i = 0; i < count; ++i)
    rows += "{\"id\":\"T-" + std::to_string(i) + "\",\"text\":\"row " + std::to_string(i) + " " +
            text_of_rows + "\"}\n";
  world.write("in.jsonl", rows);
  world.make_job(1, "max_concurrency = 1000");
  std::string job = world.read("job.lua");
  const std::string was = "user = \"{{text}}\"";
  job.replace(job.find(was), was.size(), "user = " + user);
  world.write("job.lua", job);
  world.start_mock({"--latency-ms", "100"});
  std::vector<std::string> arguments = world.run_job();
  arguments.insert(arguments.end(), {"--log", "json"});
  const auto run = world.sluice(arguments);
  EXPECT_EQ(run.status, 0) << run.errors;
  EXPECT_EQ(wrong_with_output(world, count), "");
  simdjson::dom::parser parser;
  double peak = 0;
  EXPECT_FALSE(parser.parse(run.output)["peak_rss_mb"].get(peak)) << run.output;
  return peak;
}

// 256 MiB of rows, prompts and bodies, and what a program and its allocator have besides. Without
// the bound: 540 MB here, and more with more requests in flight.
constexpr double kMost = 256 * 1.05 + 170;

TEST(LargePrompts, AConstantTextIsCharged) {
  const double peak = peak_mb("(\"x\"):rep(200000) .. \"{{text}}\"", "");
  EXPECT_TRUE(!kMemoryIsOurs || peak < kMost) << peak << " MB";
}

TEST(LargePrompts, WhatAFunctionMakesIsCharged) {
  const double peak = peak_mb("function(row) return (\"x\"):rep(200000) .. row.text end", "");
  EXPECT_TRUE(!kMemoryIsOurs || peak < kMost) << peak << " MB";
}

}  // namespace
}  // namespace sluice::cli
