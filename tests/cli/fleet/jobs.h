// Jobs that share a key, for tests of several processes. The referee is the mock, with the limits of one.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/cli/world.h"

namespace sluice::cli {

constexpr int kFleetRpm = 6000;

struct FleetJob {
  std::string quota;  // the store's address
  std::string name = "job";
  std::string endpoint = "";  // more options of it
  std::string dispatch = "";  // more options of s.dispatch
};

inline void make_fleet_job(const World& world, const FleetJob& job) {
  world.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{
  name = "{}",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ user = "{{{{text}}}}", answer = {{ colour = s.one_of {{ "red", "green" }} }} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", key = "one-key-of-all", rpm = {}, {} }}, {} }},
  s.sink {{ "out.jsonl" }},
  fleet = {{ quota = "{}" }},
}}
)lua",
                                     job.name, kFleetRpm, job.endpoint, job.dispatch, job.quota));
}

inline std::vector<std::string> run_at(const World& mock) {
  return {"run", "job.lua", "--set", "base_url=" + mock.base_url()};
}

}  // namespace sluice::cli
