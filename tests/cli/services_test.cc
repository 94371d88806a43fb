// The constructor of a service that is not OpenAI, from the pipeline file to the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

// make_job's file with another constructor for its endpoint.
void use_constructor(const World& world, const std::string& constructor) {
  std::string job = world.read("job.lua");
  const std::string openai = "s.openai";
  const std::size_t at = job.find(openai);
  ASSERT_NE(at, std::string::npos);
  world.write("job.lua", job.replace(at, openai.size(), constructor));
}

TEST(Services, AServicesConstructorRunsAtTheAddressThatItIsGiven) {
  World world;
  world.make_rows(7);
  world.make_job(2);
  use_constructor(world, "s.groq");
  world.start_mock();
  const auto ended = world.sluice(world.run_job());
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(wrong_with_output(world, 7), "");
  EXPECT_EQ(world.status().answered, 7u);
}

TEST(Services, AConstructorThatThereIsNotIsAnsweredWithTheNearest) {
  World world;
  world.make_job(2);
  use_constructor(world, "s.grok");
  const auto bad = world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(bad.status, 3);
  EXPECT_THAT(bad.errors, HasSubstr("sluice has no 'grok'"));
  EXPECT_THAT(bad.errors, HasSubstr("did you mean 's.groq'?"));
}

TEST(Services, AnOwnServerNeedsNeitherAddressNorKey) {
  World world;
  world.make_rows(1);
  world.write("own.lua", R"(local s = require "sluice"
return s.pipeline {
  s.read { "in.jsonl", key = "id" },
  s.pack { user = "{{text}}" },
  s.dispatch { s.llama_cpp { model = "qwen3-8b" } },
  s.sink { "out.jsonl" },
})");
  const auto good = world.sluice({"check", "own.lua"});
  EXPECT_EQ(good.status, 0) << good.errors;
  EXPECT_THAT(good.output, HasSubstr("to llama_cpp/qwen3-8b"));
  EXPECT_THAT(good.output, HasSubstr("http://127.0.0.1:8080/v1"));
}

}  // namespace
}  // namespace sluice::cli
