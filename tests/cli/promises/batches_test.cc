// Batches under kill -9 and a provider's faults: no batch is made twice, no row is missing or a
// duplicate, and the ledger is the provider's bill. The scale is set by SLUICE_KILLS (a sixth of it for
// each case), the seed by SLUICE_KILL_SEED; the defaults are for every day.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <simdjson.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "checkpoint/checkpoint.h"
#include "tests/cli/promises/ended_job.h"

namespace sluice::cli {
namespace {

struct BatchProvider {
  const char* name;
  const char* endpoint;  // its constructor and options; {0}: the mock's address, {1}: its tiers
  std::uint64_t rows = 300;
  int rows_a_request = 1;
  int requests = 40;      // of a batch
  const char* then = "";  // a tier for what is left, where a provider takes no small batch
};

constexpr BatchProvider kProviders[] = {
    {"openai", R"(s.openai {{ model = "gpt-5.4-mini", base_url = "{0}/v1", {1} }})"},
    {.name = "openai_packs",
     .endpoint = R"(s.openai {{ model = "gpt-5.4-mini", base_url = "{0}/v1", {1} }})",
     .rows = 600,
     .rows_a_request = 5,
     .requests = 20},
    {"anthropic", R"(s.anthropic {{ model = "claude-haiku-4-5", base_url = "{0}", {1} }})"},
    {"gemini", R"(s.gemini {{ model = "gemini-2.5-flash", base_url = "{0}/v1beta", {1} }})"},
    {"mistral", R"(s.mistral {{ model = "mistral-small-latest", base_url = "{0}/v1", {1} }})"},
    {"vertex", R"(s.vertex {{ model = "gemini-2.5-flash", project = "p", base_url = "{0}/v1",
                             batch_bucket = "gs://rows/of/jobs", {1} }})"},
    {"vertex_claude", R"(s.vertex {{ model = "claude-haiku-4-5@20251001", project = "p",
                                    region = "europe-west1", base_url = "{0}/v1",
                                    batch_bucket = "gs://rows", {1} }})"},
    // At least 100 requests a batch: what is left is asked online.
    {.name = "bedrock",
     .endpoint = R"(s.bedrock {{ model = "amazon.nova-lite-v1:0", region = "us-east-1",
                                base_url = "{0}", batch_bucket = "s3://rows/of/jobs",
                                batch_role = "arn:aws:iam::123456789012:role/of-jobs", {1} }})",
     .rows = 600,
     .requests = 120,
     .then = R"(, "standard")"},
};

// What can go wrong with a batch, and all of it is known in the end.
const std::vector<std::string> kFaults = {
    "--batch-turnaround",  "10m",  "--batch-window",      "20m",  "--batch-unlisted",    "200ms",
    "--batch-lose-create", "0.3",  "--batch-lose-upload", "0.15", "--batch-call-error",  "0.02",
    "--batch-expire",      "0.2",  "--batch-shuffle",     "0.5",  "--batch-cut-results", "0.1",
    "--batch-line-error",  "0.02", "--batch-double-line", "0.02", "--batch-flat-counts", "0.3"};
// Lines that were run, and paid for, and whose results never come; files that are not found at once.
const std::vector<std::string> kMissingLines = {
    "--batch-drop-line",     "0.02", "--batch-foreign-line", "0.02",
    "--batch-null-response", "0.02", "--batch-file-delay",   "50ms"};

struct Served {
  std::uint64_t calls = 0, created = 0, running = 0;
  std::map<std::string, std::uint64_t> by_nonce;
  std::int64_t bill = 0;  // picodollars, of everything
};

class Batches : public testing::TestWithParam<BatchProvider> {
 protected:
  void begin_job(std::uint64_t seed, std::vector<std::string> faults) {
    const BatchProvider& provider = GetParam();
    world_ = std::make_unique<World>();
    world_->make_rows(provider.rows);
    faults.insert(faults.end(), {"--seed", std::to_string(seed), "--price-in", "1", "--price-out",
                                 "2", "--bucket", "rows"});
    world_->start_mock(std::move(faults));
    const std::string root = world_->base_url().substr(0, world_->base_url().rfind('/'));
    ::setenv("STORAGE_EMULATOR_HOST", root.c_str(), 1);
    ::setenv("AWS_ENDPOINT_URL_S3", root.c_str(), 1);
    const std::string tiers = fmt::format(
        R"(price = {{ input = 1, output = 2 }}, max_output_tokens = 4000, {},
           tiers = {{ {{ "batch", requests = {}, search = "1s", window = "30m" }}{} }})",
        provider.name == std::string_view("bedrock") ? R"(credentials = "AKIDEXAMPLE:secret")"
                                                     : R"(key = "key")",
        provider.requests, provider.then);
    world_->write("job.lua",
                  fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{
  name = "job",
  checkpoint = {{ durability = "process" }},
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ rows = {}, user = "{{{{text}}}}",
           answer = {{ colour = s.one_of {{ "red", "green", "blue" }}, big = s.bool }} }},
  s.dispatch {{ {}, retries = 30 }},
  s.parse {{ retries = 8 }},
  s.sink {{ "out.jsonl" }},
}}
)lua",
                              provider.rows_a_request,
                              fmt::format(fmt::runtime(provider.endpoint), root, tiers)));
  }
  ~Batches() override {
    ::unsetenv("STORAGE_EMULATOR_HOST");
    ::unsetenv("AWS_ENDPOINT_URL_S3");
  }

  Served served() const;

  // Runs it until the mock has been called so often more, and kills it a moment later. False when it
  // ended before.
  bool kill_after(std::uint64_t calls, std::uint64_t spin) {
    const auto run = world_->start({"run", "job.lua"});
    const std::uint64_t target = served().calls + calls;
    run->runs_until([&] { return served().calls >= target; }, std::chrono::seconds(20));
    for (std::uint64_t i = 0; i < spin; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    run->signal(SIGKILL);
    return run->wait() != 0;
  }

  store::Account account() const {
    auto read = checkpoint::read_account(world_->path(".sluice/job"));
    if (!read) ADD_FAILURE() << read.error().text();
    return read.value_or(store::Account());
  }

  void audit(bool finished) const {
    const auto ended = world_->sluice({"audit", "job.lua"});
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
    if (finished) {
      EXPECT_THAT(ended.output, testing::HasSubstr(" + 0 rejected + 0 pending"));
    }
  }

  void finish(bool all_known) {
    const auto ended = world_->sluice({"run", "job.lua"});
    EXPECT_EQ(ended.status, 0) << ended.errors;
    EXPECT_EQ(wrong_with_output(*world_, GetParam().rows), "");
    audit(true);
    const Served served = this->served();
    for (const auto& [nonce, batches] : served.by_nonce) EXPECT_EQ(batches, 1U) << nonce;
    EXPECT_EQ(served.running, 0U);
    const store::EndpointLedger ledger = account().total();
    EXPECT_EQ(ledger.parked, 0U);
    EXPECT_LE(ledger.cost.picodollars(), served.bill);
    EXPECT_GE((ledger.cost + ledger.maybe_billed_cost).picodollars(), served.bill);
    if (!all_known) return;
    EXPECT_EQ(ledger.cost.picodollars(), served.bill);
    EXPECT_EQ(ledger.maybe_billed, 0U);
  }

  std::unique_ptr<World> world_;
};

Served Batches::served() const {
  Served served;
  simdjson::dom::parser parser;
  const simdjson::padded_string body(world_->mock_report());
  simdjson::dom::element json;
  if (parser.parse(body).get(json) != simdjson::SUCCESS ||
      json["cost_picodollars"].get(served.bill) != simdjson::SUCCESS) {
    ADD_FAILURE() << "no stats from the mock";
    return served;
  }
  simdjson::dom::element batch;
  if (json["batch"].get(batch) != simdjson::SUCCESS) return served;  // not called yet
  EXPECT_EQ(batch["calls"].get(served.calls), simdjson::SUCCESS);
  EXPECT_EQ(batch["created"].get(served.created), simdjson::SUCCESS);
  EXPECT_EQ(batch["running"].get(served.running), simdjson::SUCCESS);
  simdjson::dom::object labels;
  EXPECT_EQ(batch["by_label"].get(labels), simdjson::SUCCESS);
  for (const auto [nonce, count] : labels) {
    std::uint64_t batches = 0;
    EXPECT_EQ(count.get(batches), simdjson::SUCCESS);
    served.by_nonce[std::string(nonce)] = batches;
  }
  return served;
}

TEST_P(Batches, KilledAtAnyMomentMakeNoneTwiceAndTheLedgerIsTheBill) {
  const std::uint64_t kills = from_environment("SLUICE_KILLS", at_scale(18, 6)) / 6;
  std::map<std::string, int> phases;  // of batches, at the moments of the kills
  std::uint64_t done = 0;
  for (std::uint64_t seed = from_environment("SLUICE_KILL_SEED", 1); done < kills && !HasFailure();
       ++seed) {
    SCOPED_TRACE(fmt::format("SLUICE_KILL_SEED={}", seed));
    // Every other job has lines whose results never come.
    std::vector<std::string> faults = kFaults;
    const bool all_known = seed % 2 == 1;
    if (!all_known) faults.insert(faults.end(), kMissingLines.begin(), kMissingLines.end());
    begin_job(seed, std::move(faults));
    std::mt19937_64 random(seed);
    for (std::uint64_t kill = 0; kill < kKillsAJob && done < kills; ++kill) {
      if (!kill_after(random() % 12, random() % 4'000'000)) break;
      ++done;
      if (!world_->has_checkpoint()) continue;
      for (const store::BatchRecord& batch : account().batches)
        ++phases[std::string(store::phase_name(batch.phase))];
      audit(false);
    }
    finish(all_known);
  }
  std::printf("%llu kills; batches then: %s\n", static_cast<unsigned long long>(done),
              fmt::format("{}", phases).c_str());
}

TEST_P(Batches, WhoseResultsAreMissingAreAskedAgainAndMayHaveBeenBilled) {
  std::vector<std::string> faults = kFaults;
  faults.insert(faults.end(), kMissingLines.begin(), kMissingLines.end());
  begin_job(from_environment("SLUICE_KILL_SEED", 1), std::move(faults));
  finish(false);
  EXPECT_GT(account().total().maybe_billed, 0U);
}

INSTANTIATE_TEST_SUITE_P(Providers, Batches, testing::ValuesIn(kProviders),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sluice::cli
