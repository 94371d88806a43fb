#include "cli/plan_flags.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "shell/number_range.h"
#include "simulate/engine_table.h"

namespace sluice::cli {
namespace {

// "NAME=VALUE", or a VALUE alone, of all endpoints.
struct Named {
  std::string name;
  std::string value;
};
Named split(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return {{}, text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

core::Result<double> positive(const std::string& option, const std::string& text, bool time) {
  std::string digits = text;
  double unit = 1;
  if (time && digits.ends_with("ms")) {
    digits.resize(digits.size() - 2);
    unit = 1e-3;
  } else if (time && digits.ends_with("s")) {
    digits.pop_back();
  }
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || !(number > 0) ||
      !std::isfinite(number))
    return core::fail(core::ErrorCode::usage,
                      fmt::format("{}: '{}' is not {}", option, text,
                                  time ? "a time, as in 2.5s or 800ms" : "a number above 0"));
  return number * unit;
}

core::Status read_numbers(const std::string& option, const std::vector<std::string>& texts,
                          bool time, std::map<std::string, double>& to) {
  for (const std::string& text : texts) {
    const Named named = split(text);
    const auto number = positive(option, named.value, time);
    if (!number) return std::unexpected(number.error());
    to[named.name] = *number;
  }
  return {};
}

}  // namespace

void PlanFlags::add_options(CLI::App& command) {
  command.add_option("--rows", sample, "Rows that are looked at")
      ->type_name("N")
      ->check(shell::whole_number(1));
  command
      .add_option("--latency", latencies,
                  "How long a request takes, where no run has measured it: 2.5s, or ENDPOINT=2.5s")
      ->type_name("[ENDPOINT=]TIME");
  command
      .add_option("--output-tokens", outputs,
                  "Tokens of a row's answer, where no run has measured them")
      ->type_name("[ENDPOINT=]N");
  command
      .add_option(
          "--engine", engines,
          "A server of one's own: its name or its numbers, as `sluice probe --fit` tells them")
      ->type_name("[ENDPOINT=]ENGINE");
  command.add_option("--per-hour", per_hour, "What such a server costs an hour, in dollars")
      ->type_name("[ENDPOINT=]DOLLARS");
}

core::Result<inspect::PlanSetup> PlanFlags::setup() const {
  inspect::PlanSetup setup{.sample = sample};
  for (const std::string& text : engines) {
    // An engine's numbers have '=' too: "a=6.4,b=0.06".
    Named named{{}, text};
    simulate::EngineText found = simulate::find_engine(text);
    if (!found.engine) {
      named = split(text);
      found = simulate::find_engine(named.value);
    }
    if (!found.engine)
      return core::fail(core::ErrorCode::usage, fmt::format("--engine: {}", found.error));
    setup.engines[named.name] = *found.engine;
  }
  if (auto read = read_numbers("--per-hour", per_hour, false, setup.dollars_per_hour); !read)
    return std::unexpected(read.error());
  if (auto read = read_numbers("--latency", latencies, true, setup.latencies); !read)
    return std::unexpected(read.error());
  if (auto read = read_numbers("--output-tokens", outputs, false, setup.outputs); !read)
    return std::unexpected(read.error());
  return setup;
}

}  // namespace sluice::cli
