// The constructor of a service that is not OpenAI, from the pipeline file to the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

// Asks the endpoint for one of three colours, two rows a request.
void write_job(const World& world, const std::string& endpoint) {
  world.write("job.lua", R"(local s = require "sluice"
return s.pipeline {
  name = "job",
  s.read { "in.jsonl", key = "id" },
  s.pack { rows = 2, user = "{{text}}", answer = { colour = s.one_of { "red", "green", "blue" } } },
  s.dispatch { )" + endpoint +
                             R"( },
  s.sink { "out.jsonl" },
})");
}

TEST(Services, AServicesConstructorRunsAtTheAddressThatItIsGiven) {
  World world;
  world.make_rows(7);
  write_job(world, R"(s.groq { model = "mock", base_url = s.param "base_url" })");
  world.start_mock();
  const auto ended = world.sluice(world.run_job());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(wrong_with_output(world, 7), "");
  EXPECT_EQ(world.status().answered, 7u);
}

TEST(Services, AConstructorThatThereIsNotIsAnsweredWithTheNearest) {
  World world;
  write_job(world, R"(s.grok { model = "m" })");
  const auto bad = world.sluice({"check", "job.lua"});
  EXPECT_EQ(bad.status, 3);
  EXPECT_THAT(bad.errors, HasSubstr("sluice has no 'grok'"));
  EXPECT_THAT(bad.errors, HasSubstr("did you mean 's.groq'?"));
}

TEST(Services, AnOwnServerNeedsNeitherAddressNorKey) {
  World world;
  world.make_rows(1);
  write_job(world, R"(s.llama_cpp { model = "qwen3-8b" })");
  const auto good = world.sluice({"check", "job.lua"});
  EXPECT_EQ(good.status, 0) << good.errors;
  EXPECT_THAT(good.output, HasSubstr("to llama_cpp/qwen3-8b"));
  EXPECT_THAT(good.output, HasSubstr("http://127.0.0.1:8080/v1"));
}

}  // namespace
}  // namespace sluice::cli
