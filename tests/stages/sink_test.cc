#include "stages/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using checkpoint::Position;
using testing::HasSubstr;

TEST(JsonlSink, AppendsAndSaysWhereItStands) {
  const Scratch scratch;
  const auto sink =
      make_jsonl_sink(scratch.path("deep/er/out.jsonl"), scratch.path("rejects.jsonl"));
  ASSERT_EQ(sink->open({}, {true, true}), Position{});
  ASSERT_TRUE(sink->append("a\nb\n", "r\n").has_value());
  EXPECT_EQ(sink->write_out(), (Position{4, 2}));
  ASSERT_TRUE(sink->append("c\n", "").has_value());
  EXPECT_EQ(sink->write_out(), (Position{6, 2}));
  EXPECT_TRUE(sink->sync().has_value());
  EXPECT_EQ(Scratch::read(scratch.path("deep/er/out.jsonl")), "a\nb\nc\n");
  EXPECT_EQ(Scratch::read(scratch.path("rejects.jsonl")), "r\n");
}

TEST(JsonlSink, CutsBackWhatStandsBeyondThePosition) {
  const Scratch scratch;
  const std::string out = scratch.write("out", "a\nb\ntor");
  const std::string rejects = scratch.write("rejects", "r\n");
  const auto sink = make_jsonl_sink(out, rejects);
  EXPECT_EQ(sink->open({2, 2}, {}), (Position{2, 2}));
  ASSERT_TRUE(sink->append("B\n", "").has_value());
  EXPECT_EQ(sink->write_out(), (Position{4, 2}));
  EXPECT_EQ(Scratch::read(out), "a\nB\n");
}

TEST(JsonlSink, StartsFromNothingWhenAFileIsShorterThanRecorded) {
  const Scratch scratch;
  const std::string out = scratch.write("out", "a\n");
  const std::string rejects = scratch.write("rejects", "r\n");
  const auto sink = make_jsonl_sink(out, rejects);
  EXPECT_EQ(sink->open({4, 2}, {}), Position{});
  EXPECT_EQ(Scratch::read(out), "");
  EXPECT_EQ(Scratch::read(rejects), "");
}

TEST(JsonlSink, NeverOverwritesAFileThatIsNotTheJobs) {
  const Scratch scratch;
  const std::string out = scratch.write("out", "mine\n");
  const auto opened = make_jsonl_sink(out, scratch.path("rejects"))->open({}, {true, true});
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().text(), HasSubstr("this job did not write"));
  EXPECT_EQ(Scratch::read(out), "mine\n");
}

TEST(JsonlSink, SaysWhyItCannotBeOpened) {
  const Scratch scratch;
  const std::string file = scratch.write("file", "");
  EXPECT_FALSE(
      make_jsonl_sink(file + "/out", scratch.path("r"))->open({}, {true, true}).has_value());
  const auto device = make_jsonl_sink("/dev/null", scratch.path("r"))->open({}, {true, true});
  ASSERT_FALSE(device.has_value());
  EXPECT_THAT(device.error().text(), HasSubstr("regular file"));
}

}  // namespace
}  // namespace sluice::stages
