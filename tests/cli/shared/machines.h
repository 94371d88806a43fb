// Machines with one job, each a folder of its own, which have a PostgreSQL server in common. The referee is the
// mock, which counts requests and rows.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/cli/world.h"
#include "tests/postgres_server.h"

namespace sluice::cli {

inline constexpr int kSlots = 4;  // of each

class SharedJob : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_POSTGRES();
    server_.emplace();
  }

  // A machine with the same files as the others.
  World& machine(std::size_t rows, const std::string& system = "Sort.",
                 const std::string& endpoint = "") {
    World& world = *machines_.emplace_back(std::make_unique<World>());
    world.make_rows(rows);
    write_job(world, system, endpoint);
    return world;
  }
  // `endpoint`: more of its options.
  void write_job(const World& world, const std::string& system = "Sort.",
                 const std::string& endpoint = "") const {
    world.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ system = "{}", user = "{{{{text}}}}", answer = {{ colour = s.one_of {{ "red", "green" }} }} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", max_concurrency = {}, rpm = 1e9,
                          price = {{ input = 1, output = 2 }}{} }} }},
  s.sink {{ "out.jsonl" }},
  fleet = {{ checkpoint = "{}", shard_rows = 25 }},
}}
)lua",
                                       system, kSlots, endpoint, server_->url()));
  }
  std::vector<std::string> with(const std::string& command, std::vector<std::string> more = {}) {
    std::vector<std::string> all = {command, "job.lua", "--set", "base_url=" + mock_.base_url()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void start_all() {
    for (const auto& world : machines_) started_.push_back(world->start(with("run")));
  }
  void all_end_well() {
    for (const auto& process : started_) EXPECT_EQ(process->wait(), 0) << process->errors();
    started_.clear();
  }
  // The one that has written the output.
  World& finisher() {
    World* found = nullptr;
    for (const auto& world : machines_)
      if (std::filesystem::exists(world->path("out.jsonl")) && !world->lines("out.jsonl").empty()) {
        EXPECT_EQ(found, nullptr) << "two have written the output";
        found = world.get();
      }
    EXPECT_NE(found, nullptr);
    return found == nullptr ? *machines_.front() : *found;
  }
  // Nothing is lost or doubled, and each machine can tell.
  void all_is_proven(std::size_t rows) {
    const World& world = finisher();
    EXPECT_EQ(wrong_with_output(world, rows), "");
    const auto audit = world.sluice(with("audit"));
    EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
    EXPECT_THAT(audit.output, testing::HasSubstr("proven"));
    for (const auto& other : machines_) {
      const auto exported = other->sluice(with("export", {"--to", "copy.jsonl"}));
      EXPECT_EQ(exported.status, 0) << exported.errors;
      EXPECT_EQ(other->lines("copy.jsonl").size(), rows);
    }
  }
  // What the ledger of all says; the same wherever it is asked for.
  JobStatus ledger() {
    const std::string first = finisher().sluice(with("status", {"--json"})).output;
    for (const auto& other : machines_)
      EXPECT_EQ(other->sluice(with("status", {"--json"})).output, first);
    return finisher().status();
  }

  // As a server that followed until the one call is promoted at the other: what came between is lost.
  void note_what_is_there() {
    std::string sql = "BEGIN ISOLATION LEVEL REPEATABLE READ;";
    for (const char* table : kTables)
      sql += fmt::format("CREATE TABLE was_{0} AS TABLE sluice_{0};", table);
    server_->run(sql + "COMMIT");
  }
  void go_back_to_it() {
    std::string sql = "BEGIN;";
    for (const char* table : kTables)
      sql += fmt::format(
          "TRUNCATE sluice_{0}; INSERT INTO sluice_{0} OVERRIDING SYSTEM VALUE TABLE was_{0}; DROP "
          "TABLE was_{0};",
          table);
    server_->run(sql + "COMMIT");
    server_->promote();
  }
  static constexpr const char* kTables[] = {"job", "worker", "shard", "log", "file"};

  std::optional<PostgresServer> server_;
  World mock_;
  std::vector<std::unique_ptr<World>> machines_;
  std::vector<std::unique_ptr<Process>> started_;
};

}  // namespace sluice::cli
