#include "deliver/pieces.h"

#include <gtest/gtest.h>

#include "tests/scratch.h"

namespace sluice::deliver {
namespace {

// A table that keeps its promise: lines and stand together, or neither.
class Table final : public format::RecordTarget {
 public:
  core::Result<format::Stand> open() override { return stand_; }
  core::Status restart() override {
    ++restarts;
    lines.clear();
    stand_ = {};
    return {};
  }
  core::Status put(std::string_view piece, const format::Stand& stand) override {
    if (puts_left == 0) return core::fail(core::ErrorCode::io, "the server has gone", "table");
    --puts_left;
    lines += piece;
    stand_ = stand;
    ++puts;
    return {};
  }
  std::string lines;
  int restarts = 0;
  int puts = 0;
  int puts_left = 1000;

 private:
  format::Stand stand_;
};

core::Result<std::uint64_t> put_lines(format::RecordTarget& target, const std::string& path) {
  auto pieces = Pieces::open(target, path);
  if (!pieces) return std::unexpected(pieces.error());
  return pieces->advance();
}

std::string many_lines(int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i)
    text += "{\"id\":" + std::to_string(i) + ",\"text\":\"" + std::string(200, 'x') + "\"}\n";
  return text;
}

TEST(Pieces, BringATableUpToTheFile) {
  const Scratch scratch;
  Table table;
  std::string text = many_lines(0, 30'000);
  EXPECT_EQ(put_lines(table, scratch.write("lines", text)), 30'000u);
  EXPECT_EQ(table.lines, text);
  EXPECT_EQ(table.puts, 2) << "pieces of some MiB";
  EXPECT_EQ(put_lines(table, scratch.path("lines")), 0u) << "nothing has come";
  text += many_lines(30'000, 3);
  EXPECT_EQ(put_lines(table, scratch.write("lines", text)), 3u);
  EXPECT_EQ(table.lines, text);
  EXPECT_EQ(table.restarts, 0);
}

TEST(Pieces, GoOnWhereTheLastPutHasEnded) {
  const Scratch scratch;
  const std::string text = many_lines(0, 60'000);
  scratch.write("lines", text);
  Table table;
  table.puts_left = 2;
  ASSERT_FALSE(put_lines(table, scratch.path("lines")).has_value());
  table.puts_left = 1000;
  ASSERT_TRUE(put_lines(table, scratch.path("lines")).has_value());
  EXPECT_EQ(table.lines, text);
  EXPECT_EQ(table.restarts, 0);
}

TEST(Pieces, StartOverWhereTheFileHasAnotherPast) {
  const Scratch scratch;
  Table table;
  ASSERT_TRUE(put_lines(table, scratch.write("lines", many_lines(0, 10'000))).has_value());
  const std::string other = many_lines(1, 10'000);
  ASSERT_TRUE(put_lines(table, scratch.write("lines", other)).has_value());
  EXPECT_EQ(table.lines, other);
  EXPECT_EQ(table.restarts, 1);
  const std::string shorter = many_lines(1, 5);
  ASSERT_TRUE(put_lines(table, scratch.write("lines", shorter)).has_value());
  EXPECT_EQ(table.lines, shorter);
}

TEST(Pieces, FollowAFileThatGrows) {
  const Scratch scratch;
  Table table;
  scratch.write("lines", "{\"a\":1}\n{\"a\":");
  auto pieces = Pieces::open(table, scratch.path("lines"));
  ASSERT_TRUE(pieces.has_value());
  EXPECT_EQ(pieces->advance(), 1u);
  std::ofstream(scratch.path("lines"), std::ios::app) << "2}\n";
  EXPECT_EQ(pieces->advance(), 1u);
  EXPECT_EQ(table.lines, "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(put_lines(table, scratch.path("lines")), 0u);
}

TEST(Pieces, LeaveALineThatIsNotEndedForLater) {
  const Scratch scratch;
  Table table;
  EXPECT_EQ(put_lines(table, scratch.write("lines", "{\"a\":1}\n{\"a\":")), 1u);
  EXPECT_EQ(table.lines, "{\"a\":1}\n");
}

}  // namespace
}  // namespace sluice::deliver
