#include "stages/target_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/append_file.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::HasSubstr;

TEST(TargetFile, IsThereWhenItIsWholeAndNothingElseIs) {
  const Scratch scratch;
  const std::string path = scratch.path("new/out.jsonl");
  {
    auto file = TargetFile::create(path);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->write("a\n").has_value());
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_TRUE((*file)->finish().has_value());
  }
  EXPECT_EQ(Scratch::read(path), "a\n");
  {
    auto unfinished = TargetFile::create(scratch.path("new/other.jsonl"));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path("new")), {}), 1);
}

TEST(TargetFile, ReplacesItsNameAndNoOther) {
  const Scratch scratch;
  const std::string path = scratch.write("out.jsonl", "old\n");
  scratch.write("out.jsonl.part", "mine\n");
  scratch.write("out.jsonl.part-2", "mine too\n");
  auto file = TargetFile::create(path);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write("new\n").has_value());
  ASSERT_TRUE((*file)->finish().has_value());
  EXPECT_EQ(Scratch::read(path), "new\n");
  EXPECT_EQ(Scratch::read(scratch.path("out.jsonl.part")), "mine\n");
  EXPECT_EQ(Scratch::read(scratch.path("out.jsonl.part-2")), "mine too\n");
}

TEST(TargetFile, IsRefusedWhereARunWritesNow) {
  const Scratch scratch;
  AppendFile run(scratch.path("out.jsonl"));
  ASSERT_TRUE(run.open().has_value());
  const auto file = TargetFile::create(scratch.path("./out.jsonl"));
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code, core::ErrorCode::busy);
  EXPECT_THAT(file.error().text(), HasSubstr("out.jsonl: is being written by "));
}

}  // namespace
}  // namespace sluice::stages
