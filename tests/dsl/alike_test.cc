// Functions that do not give the same each time are found before anything is asked.
#include "inspect/alike.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "scratch.h"

namespace sluice::dsl {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class AlikeTest : public testing::Test {
 protected:
  AlikeTest() {
    std::string rows;
    for (int i = 0; i < 30; ++i) rows += fmt::format("{{\"n\":{},\"text\":\"row {}\"}}\n", i, i);
    scratch_.write("in.jsonl", rows);
  }
  // What is wrong with the pipeline that has these stages' insides, else how many rows were looked
  // at.
  std::string look(const std::string& before, const std::string& validate, const std::string& pack,
                   const std::string& parse = "") {
    scratch_.write("pipeline.lua", before + "\n" + pipeline_with(validate, pack, parse));
    const auto one = scratch_.load_job();
    const auto other = scratch_.load_job();
    if (!one || !other) return one.error().text();
    const auto seen = inspect::alike(*one, *other);
    if (!seen) return seen.error().text();
    return fmt::format("{} {}", seen->rows, seen->rows > 0 ? seen->path : seen->why_none);
  }

  const Scratch scratch_;
};

TEST_F(AlikeTest, PureFunctionsPass) {
  EXPECT_EQ(look("local cache = {}",
                 "s.map(function(row) row.m = row.n * 2 return row end), "
                 "s.keep(function(row) return row.n % 2 == 0 end), "
                 "s.explode(function(row) return { row, row } end), "
                 "s.validate { check = function(row) return row.n ~= 4, 'four' end },",
                 "user = function(row) cache[row.n] = cache[row.n] or row.text:upper() return "
                 "cache[row.n] end, answer = { a = s.list { s.object { b = s.int } } }",
                 "s.parse { function(a, row) a.n = row.n return a end },"),
            "20 in.jsonl");
  EXPECT_EQ(look("", "", "user = '{{text}}'"), "0 ") << "there is nothing to call";
}

TEST_F(AlikeTest, FunctionsThatFailAlikePass) {
  EXPECT_EQ(look("", "", "user = function(row) error('no') end"), "20 in.jsonl");
  EXPECT_EQ(look("", "", "user = function(row) return tostring(row) end"), "20 in.jsonl");
  EXPECT_EQ(look("", "", "user = function(row) return nil, 'no' end"), "20 in.jsonl");
}

TEST_F(AlikeTest, OneThatCountsIsNamedWithTheFirstDifference) {
  EXPECT_THAT(
      look("local n = 0", "", "user = function(row) n = n + 1 return row.text .. ' ' .. n end"),
      AllOf(HasSubstr("pipeline.lua:7: the user function does not give the same each time"),
            HasSubstr("in.jsonl:20"), HasSubstr("once 'row 19 20', once 'row 19 1'")));
  EXPECT_THAT(look("local last = ''",
                   "s.map(function(row) row.last, last = last, row.text return row end),",
                   "user = '{{text}}'"),
              HasSubstr("the map function does not give"));
  EXPECT_THAT(look("local seen = 0", "s.keep(function(row) seen = seen + 1 return seen < 5 end),",
                   "user = '{{text}}'"),
              HasSubstr("the keep function does not give"));
  EXPECT_THAT(look("local seen = 0",
                   "s.explode(function(row) seen = seen + 1 return { row, { n = seen } } end),",
                   "user = '{{n}}'"),
              HasSubstr("the explode function does not give"));
  EXPECT_THAT(look("local seen = {}",
                   "s.validate { check = function(row) seen[#seen + 1] = 1 return #seen < 5 end },",
                   "user = '{{text}}'"),
              HasSubstr("the check function does not give"));
  EXPECT_THAT(look("local n = 0", "", "user = '{{text}}'",
                   "s.parse { function(a) n = n + 1 a.n = n return a end },"),
              HasSubstr("the parse function does not give"));
}

TEST_F(AlikeTest, AnInputThatCannotBeLookedAtIsNotWaitedFor) {
  const char* user = "user = function(row) return row.text end";
  std::filesystem::remove("in.jsonl");
  EXPECT_EQ(look("", "", user), "0 'in.jsonl' is not there");
  ASSERT_EQ(::mkfifo("in.jsonl", 0600), 0);
  EXPECT_EQ(look("", "", user), "0 'in.jsonl' is not a plain file, or empty");
  std::filesystem::remove("in.jsonl");
  std::filesystem::create_symlink("/dev/zero", "in.jsonl");
  EXPECT_EQ(look("", "", user), "0 'in.jsonl' is not a plain file, or empty");
  std::filesystem::remove("in.jsonl");
  std::filesystem::create_symlink("/proc/self/maps", "in.jsonl");
  EXPECT_EQ(look("", "", user), "0 'in.jsonl' is not a plain file, or empty");
}

TEST_F(AlikeTest, EachQuestionOfAJobIsLookedAt) {
  scratch_.write("pipeline.lua", R"lua(
local s = require "sluice"
local n = 0
local endpoint = s.openai { model = "m", base_url = "http://127.0.0.1:1/v1" }
return s.pipeline {
  name = "test",
  s.read { "in.jsonl" },
  s.pack { user = "{{text}}", answer = { colour = s.one_of { "red", "blue" } } },
  s.dispatch { endpoint },
  s.pack { user = function(row) n = n + 1 return row.colour .. n end },
  s.dispatch { endpoint },
  s.sink { "out.jsonl" },
}
)lua");
  const auto one = scratch_.load_job();
  const auto other = scratch_.load_job();
  ASSERT_TRUE(one && other) << one.error().text();
  const auto seen = inspect::alike(*one, *other);
  ASSERT_FALSE(seen);
  EXPECT_THAT(seen.error().text(), AllOf(HasSubstr("pipeline.lua:10: the user function"),
                                         HasSubstr("once 'red20', once 'red1'")));
}

TEST_F(AlikeTest, SlowFunctionsAreNotWaitedForLong) {
  EXPECT_THAT(look("", "", "user = function(row) while true do end end"),
              testing::EndsWith(" in.jsonl"));
}

}  // namespace
}  // namespace sluice::dsl
