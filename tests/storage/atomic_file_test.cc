#include "storage/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/file_lock.h"
#include "tests/scratch.h"

namespace sluice::storage {
namespace {

using testing::HasSubstr;

TEST(AtomicFile, IsThereWhenItIsWholeAndNothingElseIs) {
  const Scratch scratch;
  const std::string path = scratch.path("new/out.jsonl");
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->write("a\n").has_value());
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_TRUE((*file)->finish().has_value());
  }
  EXPECT_EQ(Scratch::read(path), "a\n");
  {
    auto unfinished = AtomicFile::create(scratch.path("new/other.jsonl"));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path("new")), {}), 1);
}

TEST(AtomicFile, ReplacesItsNameAndNoOther) {
  const Scratch scratch;
  const std::string path = scratch.write("out.jsonl", "old\n");
  scratch.write("out.jsonl.part", "mine\n");
  scratch.write("out.jsonl.part-2", "mine too\n");
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write("new\n").has_value());
  ASSERT_TRUE((*file)->finish().has_value());
  EXPECT_EQ(Scratch::read(path), "new\n");
  EXPECT_EQ(Scratch::read(scratch.path("out.jsonl.part")), "mine\n");
  EXPECT_EQ(Scratch::read(scratch.path("out.jsonl.part-2")), "mine too\n");
}

TEST(AtomicFile, IsRefusedWhereARunWritesNow) {
  const Scratch scratch;
  const int run = ::open(scratch.write("out.jsonl", "").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_TRUE(lock_for_writing(run, "out.jsonl").has_value());
  const auto file = AtomicFile::create(scratch.path("./out.jsonl"));
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code, core::ErrorCode::busy);
  EXPECT_THAT(file.error().text(), HasSubstr("out.jsonl: is being written by "));
  ::close(run);
}

}  // namespace
}  // namespace sluice::storage
