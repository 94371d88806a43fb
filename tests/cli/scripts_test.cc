// Functions of a pipeline file in whole runs of the program: each is called for every shape of
// question, and what they depend on decides what is asked again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::size_t kScriptRows = 20;

class Scripts : public testing::Test {
 protected:
  void SetUp() override {
    world_.make_rows(kScriptRows);
    world_.start_mock();
  }
  // "job.lua": `before` stands before the pipeline.
  void write_job(const std::string& before, const std::string& pack,
                 const std::string& parse) const {
    world_.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
{}
return s.pipeline {{
  name = "job",
  s.read {{ "in.jsonl", key = "id" }},
  s.pack {{ {} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url", price = {{ input = 1, output = 2 }} }} }},
  {}
  s.sink {{ "out.jsonl" }},
}}
)lua",
                                        before, pack, parse));
  }
  World::Ended run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = world_.run_job();
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }

  World world_;
};

TEST_F(Scripts, ParseIsCalledForEveryShapeOfQuestion) {
  constexpr const char* kMark = "s.parse { function(a) a.seen = true return a end },";
  for (const char* pack :
       {"user = '{{text}}'", "user = '{{text}}', answer = { note = s.text }",
        "user = '{{text}}', rows = 4", "user = '{{text}}', rows = 4, answer = { note = s.text }",
        "user = '{{text}}', rows = 7, answer = { note = s.text }",  // a pack with fewer rows is
                                                                    // left
        "user = function(row) return 'same for all' end"}) {        // all but one share its answer
    write_job("", pack, kMark);
    const auto ended = run();
    ASSERT_EQ(ended.status, 0) << pack << ended.errors;
    const auto lines = world_.lines("out.jsonl");
    EXPECT_THAT(lines, SizeIs(kScriptRows)) << pack;
    EXPECT_THAT(lines, Each(EndsWith(R"(,"seen":true})"))) << pack;
  }
}

}  // namespace
}  // namespace sluice::cli
