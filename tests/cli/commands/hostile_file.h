// A pipeline file that is tried on `sluice check` and on `sluice run`, and held to what a hostile one
// may do: nothing.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/cli/world.h"

namespace sluice::cli {

constexpr int kNotRun = -1;
constexpr std::chrono::seconds kBound{60};

// A pipeline file of these parts. The messages are looked for in all that the command says, and in
// the rejects.
struct Attempt {
  std::string what;
  std::string before = "";
  std::string read = R"("in.jsonl", key = "id")";
  std::string steps = "";
  std::string pack = "user = '{{text}}'";
  std::string parse = "";
  std::string sink = R"("out.jsonl")";
  int check = 3;
  int run = 3;
  std::string says = "";     // both, or run where check has a message of its own
  std::string checked = "";  // check alone
  std::string ran = "";      // run alone
};

inline std::string rep(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// MiB. AddressSanitizer keeps what is freed for a while.
// A hundred million instructions of Lua take it ten seconds: so there every fourth attempt is made.
#ifdef SLUICE_SANITIZED
constexpr long kMostMemory = 2000;
constexpr std::size_t kEvery = 4;
#else
constexpr long kMostMemory = 700;
constexpr std::size_t kEvery = 1;
#endif

class HostileFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string rows;
    for (int i = 0; i < 3; ++i)
      rows += fmt::format("{{\"id\":\"T-{}\",\"text\":\"{}\"}}\n", i, std::string(4000, 'x'));
    world_.write("in.jsonl", rows);
    world_.write("deep.jsonl", std::string(100'000, '[') + "\n");
    world_.write("prompt.md", "text");
    world_.write("mega", std::string(1 << 20, 'x'));
    world_.write("big", std::string(2 << 20, 'x'));
    world_.write("compiled.lua", std::string("\x1bLuaT\0\x19\x93\r\n", 10));
    ASSERT_EQ(::mkfifo(world_.path("fifo").c_str(), 0600), 0);
    std::filesystem::create_symlink("/etc/passwd", world_.path("link"));
    std::filesystem::create_symlink("/etc/passwd", world_.path("linked.lua"));
    world_.start_mock();
  }

  void make(const std::vector<Attempt>& attempts) {
    for (std::size_t i = 0; i < attempts.size(); i += kEvery) {
      SCOPED_TRACE(attempts[i].what);
      try_one(attempts[i]);
    }
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    EXPECT_LT(usage.ru_maxrss, kMostMemory * 1024) << "KiB, of the largest process";
  }

 private:
  void try_one(const Attempt& attempt) {
    world_.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
{}
return s.pipeline {{
  name = "job",
  s.read {{ {} }},
  {}
  s.pack {{ {} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url" }} }},
  {}
  s.sink {{ {} }},
}}
)lua",
                                        attempt.before, attempt.read, attempt.steps, attempt.pack,
                                        attempt.parse, attempt.sink));
    for (const char* left : {".sluice", "out.jsonl", "out.rejects.jsonl"})
      std::filesystem::remove_all(world_.path(left));
    const std::uint64_t asked = world_.mock_stats().requests;
    const std::string parameter = "base_url=" + world_.base_url();
    const std::string check =
        outcome({"check", "job.lua", "--set", parameter}, attempt.check,
                attempt.checked.empty() && attempt.check != 0 ? attempt.says : attempt.checked);
    EXPECT_EQ(world_.mock_stats().requests, asked) << "check sent something";
    EXPECT_FALSE(std::filesystem::exists(world_.path(".sluice"))) << "check wrote something";
    EXPECT_FALSE(std::filesystem::exists(world_.path("out.jsonl"))) << "check wrote something";
    const std::string run =
        attempt.run == kNotRun
            ? "not run"
            : outcome({"run", "job.lua", "--keep-going", "--set", parameter}, attempt.run,
                      attempt.ran.empty() ? attempt.says : attempt.ran);
    if (std::getenv("SLUICE_HOSTILE_TABLE") != nullptr)
      fmt::print("| {} | {} | {} |\n", attempt.what, check, run);
  }

  // Of one command, for the table.
  std::string outcome(const std::vector<std::string>& arguments, int status,
                      const std::string& says) {
    const auto process = world_.start(arguments);
    const auto ended = process->wait(kBound);
    const std::string said =
        process->output() + process->errors() + world_.read("out.rejects.jsonl");
    // Where each row fails, or the input holds none, check says so, with 3.
    const bool of_rows = status == 0 && ended == 3 && arguments[0] == "check" &&
                         (said.find("all of the first") != said.npos ||
                          said.find("the only row fails") != said.npos);
    if (!of_rows) {
      EXPECT_EQ(ended, status) << arguments[0] << ": " << said.substr(0, 2000);
    }
    EXPECT_THAT(said.substr(0, 100'000), testing::HasSubstr(says)) << arguments[0];
    EXPECT_THAT(said, testing::Not(testing::HasSubstr("root:"))) << "a line of /etc/passwd";
    EXPECT_LT(said.size(), 200'000U) << "a flood";
    EXPECT_EQ(said.find('\x1b'), said.npos) << "a control character";
    return fmt::format("{}{}", ended ? fmt::format("exit {}", *ended) : "hangs",
                       says.empty() ? "" : ": " + says);
  }

  World world_;
};

}  // namespace sluice::cli
