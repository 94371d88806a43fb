// `run --listen` and `status --listen`: what is served while a job runs and afterwards, and to whom.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/cli/http_ask.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kToken[] = "a-token-for-this-test";
const std::string kWithToken =
    "Host: localhost\r\nAuthorization: Bearer " + std::string(kToken) + "\r\n";

class Token {
 public:
  explicit Token(const char* token = kToken) { ::setenv("SLUICE_LISTEN_TOKEN", token, 1); }
  ~Token() { ::unsetenv("SLUICE_LISTEN_TOKEN"); }
};

int port_in(const std::string& text) {
  const std::size_t at = text.find("watch it at http://127.0.0.1:");
  return at == text.npos ? 0 : std::atoi(text.c_str() + at + 29);
}

// The port that a process says it listens at.
int port_of(Process& process) {
  int port = 0;
  EXPECT_TRUE(process.runs_until([&] { return (port = port_in(process.errors())) != 0; }))
      << process.errors();
  return port;
}

class Json {
 public:
  explicit Json(const std::string& text) {
    if (parser_.parse(text.empty() ? "{}" : text).get(root_) != simdjson::SUCCESS) {
      ADD_FAILURE() << text;
      root_ = parser_.parse(std::string_view("{}")).value();
    }
  }
  std::string text(const char* pointer) const {
    std::string_view value;
    EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return std::string(value);
  }
  std::int64_t number(const char* pointer) const {
    std::int64_t value = -1;
    EXPECT_EQ(root_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

Json state_of(int port) {
  return Json(http_ask(port, "GET", "/api/state").body);
}

// Of all samples of one name.
std::int64_t picodollars_in(const std::string& metrics, const std::string& name) {
  std::int64_t sum = 0;
  for (std::size_t at = metrics.find("\n" + name + "{"); at != metrics.npos;
       at = metrics.find("\n" + name + "{", at + 1)) {
    const std::size_t value = metrics.find("} ", at) + 2;
    const std::string dollars = metrics.substr(value, metrics.find('\n', value) - value);
    const std::size_t point = dollars.find('.');
    sum += std::atoll(dollars.c_str()) * 1'000'000'000'000;
    if (point != dollars.npos) {
      std::string decimals = dollars.substr(point + 1);
      decimals.resize(12, '0');
      sum += std::atoll(decimals.c_str());
    }
  }
  return sum;
}

std::vector<std::string> with(std::vector<std::string> arguments,
                              std::initializer_list<const char*> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

void make_job_with_budget(const World& world) {
  world.write("job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { system = "Say the colour.", user = "{{text}}", answer = { colour = s.one_of { "red", "green" } } },
  s.dispatch {
    s.openai { model = "mock", base_url = s.param "base_url", price = { input = 0.123, cached_input = 0.0317, output = 2.7 } },
    budget = "$5",
  },
  s.sink { "out.jsonl" },
}
)lua");
}

TEST(Listen, WhatIsServedAtTheEndIsWhatTheLedgerHas) {
  World world;
  world.make_rows(200);
  make_job_with_budget(world);
  world.start_mock({"--error-429", "0.05"});
  const auto run = world.start(with(world.run_job(), {"--listen", "0", "--linger", "1h"}));
  const int port = port_of(*run);
  ASSERT_TRUE(run->runs_until([&] { return state_of(port).text("/state") == "finished"; }));
  const Json state = state_of(port);
  const std::string metrics = http_ask(port, "GET", "/metrics").body;
  EXPECT_EQ(state.number("/rows/answered"), 200);
  EXPECT_THAT(http_ask(port, "GET", "/").body, HasSubstr("<html"));
  EXPECT_THAT(http_ask(port, "GET", "/api/answers?limit=1&q=T-7").body, HasSubstr("\"id\":\"T-7"));
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 0) << "the job had finished: the signal ended the listener alone";

  const Json status(
      world.sluice({"status", "job.lua", "--set", "base_url=http://127.0.0.1:9/v1", "--json"})
          .output);
  const std::int64_t cost = status.number("/ledger/cost_picodollars");
  EXPECT_GT(cost, 0);
  EXPECT_EQ(picodollars_in(metrics, "sluice_cost_dollars_total"), cost);
  const std::string exact = state.text("/money/spent_text");
  EXPECT_EQ(picodollars_in("\nx{} " + exact + "\n", "x"), cost);
  EXPECT_EQ(state.number("/tokens/input"), status.number("/ledger/input_tokens"));

  const auto at_rest = world.start(
      {"status", "job.lua", "--set", "base_url=http://127.0.0.1:9/v1", "--listen", "0"});
  const int stored = port_of(*at_rest);
  EXPECT_EQ(state_of(stored).text("/state"), "finished");
  EXPECT_EQ(state_of(stored).text("/money/spent_text"), exact);
  const std::string later = http_ask(stored, "GET", "/metrics").body;
  EXPECT_EQ(picodollars_in(later, "sluice_cost_dollars_total"), cost);
  const auto lines_of = [](const std::string& text, const std::string& name) {
    std::string lines;
    for (std::size_t at = text.find("\n" + name); at != text.npos;
         at = text.find("\n" + name, at + 1))
      lines += text.substr(at, text.find('\n', at + 1) - at);
    return lines;
  };
  for (const char* name : {"sluice_rows{", "sluice_requests_total{", "sluice_tokens_total{",
                           "sluice_cost_dollars_total{"})
    EXPECT_EQ(lines_of(later, name), lines_of(metrics, name));
  EXPECT_THAT(http_ask(stored, "GET", "/api/timeline").body, HasSubstr("\"end\":\"finished\""));
  at_rest->signal(SIGINT);
  EXPECT_EQ(at_rest->wait(), 0);
}

TEST(Listen, StopPauseAndBudgetAreForThoseWithTheToken) {
  const Token token;
  World world;
  world.make_rows(3000);
  make_job_with_budget(world);
  world.start_mock({"--latency-ms", "300"});
  const auto run = world.start(with(world.run_job(), {"--listen", "0"}));
  const int port = port_of(*run);
  world.wait_for_requests(5);
  for (const char* path : {"/api/stop", "/api/pause", "/api/budget"}) {
    EXPECT_EQ(http_ask(port, "POST", path).status, 401) << path;
    EXPECT_EQ(
        http_ask(port, "POST", path,
                 "Host: elsewhere.org\r\nAuthorization: Bearer " + std::string(kToken) + "\r\n")
            .status,
        421);
  }
  EXPECT_EQ(http_ask(port, "POST", "/api/pause", kWithToken).status, 200);
  EXPECT_EQ(state_of(port).text("/state"), "paused");
  ASSERT_TRUE(run->runs_until([&] { return state_of(port).number("/requests/in_flight") == 0; }));
  const auto asked = world.mock_stats().requests;
  const auto answered = state_of(port).number("/rows/answered");
  EXPECT_EQ(http_ask(port, "POST", "/api/budget", kWithToken, R"({"usd":"4"})").status, 409)
      << "only upwards";
  EXPECT_EQ(http_ask(port, "POST", "/api/budget", kWithToken, R"({"usd":"6.50"})").status, 200);
  EXPECT_THAT(http_ask(port, "GET", "/api/state").body, HasSubstr("\"budget_usd\":6.5"));
  EXPECT_EQ(world.mock_stats().requests, asked) << "nothing is sent in a pause";
  EXPECT_EQ(http_ask(port, "POST", "/api/resume", kWithToken).status, 200);
  ASSERT_TRUE(run->runs_until([&] { return state_of(port).number("/rows/answered") > answered; }));
  EXPECT_EQ(http_ask(port, "POST", "/api/stop", kWithToken).body,
            "{\"ok\":true,\"state\":\"stopping\"}\n");
  EXPECT_EQ(run->wait(), 4);
  EXPECT_THAT(run->output(), HasSubstr("on request; run it again to resume"));
  EXPECT_THAT(run->output() + run->errors(), Not(HasSubstr(kToken)));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.path(".sluice"))) {
    if (!entry.is_regular_file()) continue;
    EXPECT_THAT(world.read(std::filesystem::relative(entry.path(), world.path(".")).string()),
                Not(HasSubstr(kToken)))
        << entry.path();
  }
}

TEST(Listen, WithoutATokenNothingCanBeChanged) {
  World world;
  world.make_rows(3000);
  make_job_with_budget(world);
  world.start_mock({"--latency-ms", "300"});
  const auto run = world.start(with(world.run_job(), {"--listen", "127.0.0.1:0"}));
  const int port = port_of(*run);
  EXPECT_THAT(run->errors(),
              HasSubstr("stop, pause and budget there need SLUICE_LISTEN_TOKEN to be set"));
  EXPECT_EQ(http_ask(port, "POST", "/api/stop", kWithToken).status, 403);
  world.wait_for_requests(1);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait(), 4);
}

TEST(Listen, WrongAddressesAreRefusedBeforeAnythingIsAsked) {
  World world;
  world.make_rows(3);
  make_job_with_budget(world);
  world.start_mock();
  const auto says = [&](std::initializer_list<const char*> more) {
    const auto ended = world.sluice(with(world.run_job(), more));
    return fmt::format("{}: {}", ended.status.value_or(-1), ended.errors);
  };
  EXPECT_THAT(says({"--listen", "nonsense"}), HasSubstr("2: "));
  EXPECT_THAT(says({"--listen", "nonsense"}),
              HasSubstr("'nonsense' is not an address to listen on: HOST:PORT"));
  EXPECT_THAT(says({"--listen", "0.0.0.0:0"}), HasSubstr("Set SLUICE_LISTEN_TOKEN"));
  EXPECT_THAT(says({"--linger", "1s"}), HasSubstr("--linger is of no use without --listen"));
  EXPECT_THAT(says({"--listen", "0", "--linger", "soon"}),
              HasSubstr("--linger soon: a time is needed, as 30s or 5m"));
  const std::string mock_port =
      std::to_string(std::atoi(world.base_url().c_str() + world.base_url().rfind(':') + 1));
  EXPECT_THAT(says({"--listen", mock_port.c_str()}), HasSubstr("5: "));
  {
    const Token token("short");
    EXPECT_THAT(says({"--listen", "0"}), HasSubstr("shorter than 16 characters"));
  }
  EXPECT_EQ(world.mock_stats().requests, 0U);
}

TEST(Listen, AJobThatHasNotBegunIsShownAsSuch) {
  World world;
  world.make_rows(3);
  make_job_with_budget(world);
  const auto at_rest = world.start(
      {"status", "job.lua", "--set", "base_url=http://127.0.0.1:9/v1", "--listen", "0"});
  const int port = port_of(*at_rest);
  EXPECT_EQ(state_of(port).text("/state"), "not-begun");
  EXPECT_THAT(http_ask(port, "GET", "/metrics").body, HasSubstr("state=\"not-begun\"} 1"));
  EXPECT_THAT(http_ask(port, "GET", "/api/answers").body, HasSubstr("\"rows\":[]"));
  at_rest->signal(SIGTERM);
  EXPECT_EQ(at_rest->wait(), 0);
}

}  // namespace
}  // namespace sluice::cli
