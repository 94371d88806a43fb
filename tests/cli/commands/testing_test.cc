// sluice test, and the pages that show it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/cli/transcript.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kJob = R"lua(local s = require "sluice"
return s.pipeline {
  name = "t", s.read { "in.jsonl", key = "id" },
  s.map(function(row) row.text = row.text:upper() return row end),
  s.pack { rows = 2, user = "{{text}}", answer = { size = s.int, note = s.text { optional = true } } },
  s.dispatch { s.openai { model = "m", base_url = "http://127.0.0.1:1/v1", price = { input = 1, output = 2 } } },
  s.sink { "out.jsonl" },
}
)lua";

class Testing : public testing::Test {
 protected:
  Testing() { world_.write("job.lua", kJob); }
  // What sluice test prints for a test file with this text, errors behind it.
  std::string prints(const std::string& tests, const std::string& options = "") const {
    world_.write("job_test.lua", tests);
    return shell(world_, "sluice test job.lua " + options + "; echo exit $?");
  }
  World world_;
};

TEST_F(Testing, ThePageIsRight) {
  EXPECT_THAT(wrong_in_page(world_, SLUICE_SOURCE_DIR "/docs/testing.md"), IsEmpty());
}

TEST_F(Testing, TheShippedPipelinesPassTheirOwn) {
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(SLUICE_SOURCE_DIR "/pipelines")) {
    if (!entry.path().string().ends_with("_test.lua")) continue;
    const auto ended = world_.sluice({"test", entry.path()});
    EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
  }
}

TEST_F(Testing, AnswersFailuresAndLeftOutRowsComeInTheOrderOfTheAttempts) {
  EXPECT_EQ(prints(R"lua(
local rows = { { id = 1, text = "a" }, { id = 2, text = "b" } }
return {
  { name = "failures", rows = rows,
    reply = { { status = 429, retry_after = 5 }, { error = "timeout" }, "no JSON", { size = 1 } },
    expect = { rows = { { id = 1, size = 1 }, { id = 2, size = 1 } } } },
  { name = "by place", rows = rows, replies = { { { size = 1 } }, { false, { size = 2, note = "late" } } },
    expect = { rows = { { id = 1, size = 1 }, { id = 2, note = "late" } }, requests = 2 } },
  { name = "by function", rows = rows,
    reply = function(row, ask) return { size = row.id + ask.attempt, note = ask.key .. ask.model } end,
    expect = { rows = { { id = 1, size = 2, note = "1m" }, { id = 2, size = 3 } },
               requests = { count = 1, with = { "A", "B" }, without = { "C" } } } },
  { name = "stops", rows = rows, reply = { status = 401 }, expect = { stops = "401" } },
  { name = "rejects", rows = rows, reply = { size = "large" },
    expect = { rows = {}, rejects = { { id = 2, stage = "parse" }, { id = 1, detail = "whole number" } } } },
  { name = "map", call = "map", rows = { { text = "x" }, { text = "y" } },
    returns = { { text = "X" }, { text = "Y" } } },
})lua"),
            R"(ok      failures
ok      by place
ok      by function
ok      stops
ok      rejects
ok      map
job_test.lua: 6 passed, 0 failed
exit 0
)");
}

// Row 1 waits for its second attempt, which time alone brings, while row 2's answer is looked at at
// length and asked for again.
TEST_F(Testing, TimePassesWhenAllElseIsDone) {
  world_.write("slow.lua", R"lua(local s = require "sluice"
return s.pipeline {
  name = "t", s.read { "in.jsonl", key = "id" },
  s.pack { rows = 1, user = "{{text}}", answer = { size = s.int, note = s.text { optional = true } } },
  s.dispatch { s.openai { model = "m", base_url = "http://127.0.0.1:1/v1" } },
  s.parse { function(answer)
    local n = 0
    for i = 1, 1000000 do n = n + i % 7 end
    if answer.size == 0 then return nil, "again" end
    return answer
  end },
  s.sink { "out.jsonl" },
}
)lua");
  world_.write("slow_test.lua", R"lua(local order = 0
return {
  { name = "row 2 first",
    rows = { { id = 1, text = "a" }, { id = 2, text = "b" } },
    reply = function(row, ask)
      order = order + 1
      if ask.attempt == 1 then return row.id == 1 and { error = "reset" } or { size = 0 } end
      return { size = 1, note = "request " .. tostring(order) }
    end,
    expect = { rows = { { id = 1, note = "request 4" }, { id = 2, note = "request 3" } } } },
}
)lua");
  const auto ended = world_.sluice({"test", "slow.lua"});
  EXPECT_EQ(ended.status, 0) << ended.output << ended.errors;
}

TEST_F(Testing, RowsAreGivenWhateverThePipelineReads) {
  const std::string job = R"lua(local s = require "sluice"
return s.pipeline { name = "t", s.read { READ }, s.pack { user = "{{text}}" },
  s.dispatch { s.vllm { model = "m", base_url = "http://127.0.0.1:1/v1" } }, s.sink { "out.csv" } }
)lua";
  for (const std::string read :
       {R"("in.csv", format = "csv", key = "name")", R"(s.files "*.txt")"}) {
    std::string text = job;
    world_.write("job.lua", text.replace(text.find("READ"), 4, read));
    EXPECT_THAT(
        prints(R"lua(return { { name = "x", rows = { { name = "n", text = "a" } }, reply = "b",
      expect = { rows = { { name = "n", answer = "b" } }, requests = { with = { "a" } } } } })lua"),
        HasSubstr("1 passed, 0 failed"))
        << read;
  }
}

TEST_F(Testing, WhatDiffersIsShownByRowAndField) {
  EXPECT_EQ(prints(R"lua(
local rows = { { id = 1, text = "a" }, { id = 2, text = "b" } }
return {
  { name = "rows", rows = rows, reply = { size = 1 },
    expect = { rows = { { id = 1, size = 2, colour = "red" }, { id = 3 } }, requests = { count = 7, with = { "zebra" } },
               cost = "$0.00001", stops = "budget" } },
  { name = "rejects", rows = rows, reply = { size = 0.5 }, expect = { rejects = { { id = 1, stage = "read" } } } },
  { name = "map", call = "map", row = { text = "x", n = 1 }, returns = { text = "x", n = 1 } },
  { name = "no reply", rows = rows, replies = { ["1"] = { size = 1 } }, expect = { rows = {} } },
})lua"),
            R"(FAILED  rows
        at job_test.lua:4
        - the run stops: budget
        + it finishes
        row id 1
        - colour: "red"
        + colour: (not there)
        - size: 2
        + size: 1
        row id 3 is not in the output:
        - {"id":3}
        row id 2 is in the output, and is not expected:
        + {"id":2,"size":1,"note":null}
        - requests: 7
        + requests: 1
        - a request with "zebra"
        + the first request asks: <row id="3sq">
        | A
        | </row>
        | <row id="4sq">
        | B
        | </row>
        - cost: at most $0.000010
        + cost: $0.00025
FAILED  rejects
        at job_test.lua:7
        reject id 1
        - stage: "read"
        + stage: "parse"
        reject id 2 is in the rejects, and is not expected:
        + {"id":2,"stage":"parse","reason":"bad_answer","detail":"size must be a whole number, got 0.5","row":{"id":2,"text":"B"}}
FAILED  map
        at job_test.lua:8
        row 1
        - text: "x"
        + text: "X"
FAILED  no reply
        at job_test.lua:9
        no reply for the row '2'; give the case replies = { ["2"] = … }, or reply = … for all rows
job_test.lua: 0 passed, 4 failed
exit 1
)");
}

TEST_F(Testing, ASnapshotIsRecordedAndHeldAgainst) {
  const std::string tests = R"lua(return { { name = "s", rows = { { id = 1, text = "a" } },
    reply = { size = SIZE }, expect = { snapshot = true } } })lua";
  const auto with = [&](const std::string& size) {
    std::string text = tests;
    return text.replace(text.find("SIZE"), 4, size);
  };
  EXPECT_THAT(prints(with("1")), HasSubstr("none is recorded yet; run with --update"));
  EXPECT_EQ(prints(with("1"), "--update"), "ok      s\njob_test.lua: 1 passed, 0 failed\nexit 0\n");
  EXPECT_EQ(world_.read("job_test.snapshot.jsonl"),
            "{\"case\":\"s\",\"rows\":[{\"id\":1,\"size\":1,\"note\":null}],\"rejects\":[]}\n");
  EXPECT_THAT(prints(with("1")), HasSubstr("exit 0"));
  EXPECT_THAT(prints(with("2")), HasSubstr("- size: 1\n        + size: 2\n"));
}

TEST_F(Testing, JsonIsForPrograms) {
  EXPECT_EQ(
      prints(R"lua(return {
  { name = "good", call = "map", row = { text = "x" }, returns = { text = "X" } },
  { name = "bad", call = "map", row = { text = "x" }, returns = { text = "x" } } })lua",
             "--json"),
      R"({"file":"job_test.lua","cases":[{"name":"good","place":"job_test.lua:2","passed":true,"diff":[]},{"name":"bad","place":"job_test.lua:3","passed":false,"diff":["  row 1","- text: \"x\"","+ text: \"X\""]}]}
exit 1
)");
}

TEST_F(Testing, MistakesInATestFileAreShownWhereTheyStand) {
  const auto wrong = [&](const std::string& of_case) {
    return prints("return { { name = \"x\", " + of_case + " } }");
  };
  EXPECT_EQ(wrong("row = { a = 1 }, expekt = {}"),
            R"(job_test.lua:1:41: error: unknown name 'expekt' in a case
     1 | return { { name = "x", row = { a = 1 }, expekt = {} } }
       |                                         ^^^^^^ did you mean 'expect'?
exit 3
)");
  EXPECT_THAT(wrong("rows = { a = 1 }, expect = {}"), HasSubstr("rows must be a list"));
  EXPECT_THAT(wrong("rows = { {} }"), HasSubstr("case 'x' expects nothing"));
  EXPECT_THAT(wrong("expect = {}"), HasSubstr("case 'x' has no rows"));
  EXPECT_THAT(wrong("row = {}, call = \"mop\", returns = 1"),
              HasSubstr("one of map, keep, explode, validate, check, user, parse, escalate"));
  EXPECT_THAT(wrong("row = {}, call = \"parse\", answer = {}, returns = 1"),
              HasSubstr("the pipeline has no function for parse"));
  EXPECT_THAT(wrong("row = {}, call = \"map\", nth = 2, returns = 1"),
              HasSubstr("the pipeline has no map number 2"));
  EXPECT_THAT(wrong("row = {}, reply = { status = \"a\" }, expect = {}"),
              HasSubstr("status is a number such as 429"));
  EXPECT_THAT(wrong("row = {}, reply = { error = \"fire\" }, expect = {}"),
              HasSubstr("error is one of timeout, reset"));
  EXPECT_THAT(
      wrong("row = { id = 1, text = \"a\" }, reply = function() error(\"oh\") end, expect = {}"),
      HasSubstr("job_test.lua:1: oh"));
  EXPECT_THAT(wrong("\"y\""), HasSubstr("is a name missing?"));
  EXPECT_THAT(prints("return { }"), HasSubstr("returns no case"));
  EXPECT_THAT(prints("return 5"), HasSubstr("a test file returns a list of cases"));
  EXPECT_THAT(prints("return { { name = \"a\", row = {}, expect = {} }, { name = \"a\", row = {}, "
                     "expect = {} } }"),
              HasSubstr("a second case 'a'"));
  std::filesystem::remove(world_.path("job_test.lua"));
  EXPECT_THAT(shell(world_, "sluice test job.lua"), HasSubstr("there is no 'job_test.lua'"));
  EXPECT_THAT(shell(world_, "sluice test nothing.lua"),
              HasSubstr("there is no file 'nothing.lua'"));
}

}  // namespace
}  // namespace sluice::cli
