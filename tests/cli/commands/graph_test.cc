// sluice graph: both formats, without a key and without a request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class GraphCommand : public testing::Test {
 protected:
  GraphCommand() { world_.make_job(4, "key = s.secret \"NOT_SET_ANYWHERE\","); }
  World::Ended graph(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"graph", "job.lua", "--set",
                                          "base_url=http://127.0.0.1:1/v1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  World world_;
};

TEST_F(GraphCommand, IsMermaidUnlessToldOtherwise) {
  const auto ended = graph();
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, StartsWith("flowchart TB\n"));
  EXPECT_THAT(ended.output, HasSubstr("up to 4 rows a request"));
  EXPECT_EQ(graph({"--format", "mermaid"}).output, ended.output);
  EXPECT_FALSE(world_.has_checkpoint());
}

TEST_F(GraphCommand, IsGraphvizOnRequest) {
  const auto ended = graph({"--format", "dot"});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  EXPECT_THAT(ended.output, StartsWith("digraph \"job\" {\n"));
  EXPECT_THAT(ended.output, HasSubstr("label=\"127.0.0.1:1/mock\""));
}

TEST_F(GraphCommand, KnowsNoOtherFormat) {
  const auto ended = graph({"--format", "png"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.errors, HasSubstr("png"));
}

TEST_F(GraphCommand, AFileThatDoesNotCheckHasNone) {
  world_.write("job.lua", "return 1\n");
  EXPECT_EQ(world_.sluice({"graph", "job.lua"}).status, 3);
}

}  // namespace
}  // namespace sluice::cli
