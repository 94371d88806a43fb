#include "tests/cli/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "tests/cli/http_ask.h"

namespace sluice::cli {
namespace {

constexpr std::chrono::seconds kMostWait{30};

std::uint64_t number(const simdjson::dom::element& json, const char* pointer) {
  std::uint64_t value = 0;
  EXPECT_EQ(json.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
  return value;
}

}  // namespace

World::World() {
  std::string pattern = testing::TempDir() + "sluice-world-XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
}

World::~World() {
  mock_.reset();
  std::filesystem::remove_all(folder_);
}

void World::write(const std::string& name, std::string_view text) const {
  std::ofstream(path(name), std::ios::binary) << text;
}

std::string World::read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(path(name), std::ios::binary).rdbuf();
  return std::move(text).str();
}

std::vector<std::string> World::lines(const std::string& name) const {
  std::ifstream in(path(name), std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void World::make_rows(std::size_t count) const {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += fmt::format(
        "{{\"id\":\"T-{}\",\"text\":\"row number {} with some text to look at\"}}\n", i, i);
  }
  write("in.jsonl", text);
}

void World::make_job(int rows, const std::string& endpoint, const std::string& stages) const {
  write("job.lua", fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{
    rows = {}, system = "Say the colour.", user = "{{{{text}}}}",
    answer = {{ colour = s.one_of {{ "red", "green", "blue" }}, size = s.int {{ min = 1, max = 9 }} }},
  }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", price = {{ input = 1, output = 2 }}, {} }} }},
  s.sink {{ "out.jsonl" }},
  {}
}}
)lua",
                               rows, endpoint, stages));
}

World::Ended World::sluice(std::vector<std::string> arguments) const {
  const auto process = start(std::move(arguments));
  Ended ended;
  ended.status = process->wait();
  ended.output = process->output();
  ended.errors = process->errors();
  return ended;
}

std::unique_ptr<Process> World::start(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), SLUICE_PROGRAM);
  return std::make_unique<Process>(folder_, "sluice", arguments);
}

std::vector<std::string> World::run_job() const {
  return {"run", "job.lua", "--set", "base_url=" + base_url_};
}

JobStatus World::status() const {
  const Ended ended = sluice({"status", "--json", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  JobStatus status;
  if (parser.parse(ended.output).get(json)) {
    ADD_FAILURE() << "status is no JSON: " << ended.output;
    return status;
  }
  status.read = number(json, "/rows/read");
  status.answered = number(json, "/rows/answered");
  status.rejected = number(json, "/rows/rejected");
  status.pending = number(json, "/rows/pending");
  status.requests = number(json, "/ledger/requests");
  status.answered_requests = number(json, "/ledger/answered");
  status.failed_requests = number(json, "/ledger/failed");
  status.input_tokens = number(json, "/ledger/input_tokens");
  status.output_tokens = number(json, "/ledger/output_tokens");
  status.in_flight = number(json, "/ledger/in_flight");
  status.maybe_billed = number(json, "/ledger/maybe_billed/requests");
  status.maybe_billed_input = number(json, "/ledger/maybe_billed/input_tokens");
  status.maybe_billed_output = number(json, "/ledger/maybe_billed/output_tokens");
  return status;
}

bool World::has_checkpoint() const {
  return std::filesystem::exists(path(".sluice/job/checkpoint.db"));
}

void World::start_mock(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {SLUICE_PROGRAM, "mock", "--port", "0", "--count-repeats"});
  mock_ = std::make_unique<Process>(folder_, "mock", arguments);
  ASSERT_TRUE(
      mock_->runs_until([&] { return mock_->output().find('\n') != std::string::npos; }, kMostWait))
      << "the mock does not come up: " << mock_->errors();
  const std::string line = mock_->output();
  base_url_ = line.substr(line.find("http"), line.find('\n') - line.find("http"));
}

std::string World::mock_report() const {
  return http_ask(std::stoi(base_url_.substr(base_url_.rfind(':') + 1)), "GET", "/stats").body;
}

MockStats World::mock_stats() const {
  const std::string body = mock_report();
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  MockStats stats;
  if (parser.parse(body).get(json)) {
    ADD_FAILURE() << "no stats from the mock: " << body;
    return stats;
  }
  stats.requests = number(json, "/requests");
  stats.answered = number(json, "/answered");
  stats.rows = number(json, "/rows");
  stats.repeated_rows = number(json, "/repeated_rows");
  stats.input_tokens = number(json, "/input_tokens");
  stats.output_tokens = number(json, "/output_tokens");
  stats.in_flight = number(json, "/in_flight");
  return stats;
}

void World::wait_for_mock(const std::function<bool(const MockStats&)>& holds) const {
  ASSERT_TRUE(mock_->runs_until([&] { return holds(mock_stats()); }, kMostWait))
      << "the mock is not asked";
}

void World::wait_for_requests(std::uint64_t count) const {
  wait_for_mock([&](const MockStats& stats) { return stats.requests >= count; });
}

std::string wrong_with_output(const World& world, std::size_t rows) {
  std::unordered_map<std::string, int> seen;
  simdjson::dom::parser parser;
  for (const auto& [file, field] :
       {std::pair("out.jsonl", "id"), std::pair("out.rejects.jsonl", "key")}) {
    const std::string text = world.read(file);
    if (!text.empty() && text.back() != '\n')
      return fmt::format("{} ends in the middle of a line", file);
    for (const std::string& line : world.lines(file)) {
      simdjson::dom::element json;
      std::string_view key;
      if (parser.parse(line).get(json) || json[field].get(key))
        return fmt::format("torn line in {}: {}", file, line);
      ++seen[std::string(key)];
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const int times = seen[fmt::format("T-{}", i)];
    if (times != 1) return fmt::format("row T-{} stands {} times in the output", i, times);
  }
  return seen.size() == rows
             ? ""
             : fmt::format("{} keys in the output, {} in the input", seen.size(), rows);
}

}  // namespace sluice::cli
