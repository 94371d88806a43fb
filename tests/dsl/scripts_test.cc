// The functions of a pipeline file, called on rows.
#include "dsl/scripts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "scratch.h"

namespace sluice::dsl {
namespace {

using stages::PipelineSpec;
using stages::ScriptFailure;
using testing::HasSubstr;

PipelineSpec loaded(const Scratch& scratch, const std::string& lua) {
  auto spec = scratch.load_text(lua);
  EXPECT_TRUE(spec.has_value()) << spec.error().text();
  return spec ? *spec : PipelineSpec();
}

std::string rendered(const PipelineSpec& spec, std::string_view row) {
  auto text = spec.pack.user(row_of(row));
  if (text) return *text;
  return (text.error().script_error ? "script error: " : "reason: ") + text.error().message;
}

std::string user(std::string_view body) {
  return pipeline_with("", fmt::format("user = function(row) {} end", body), "");
}

TEST(Scripts, GiveARowToAFunctionAsATable) {
  const Scratch scratch;
  const PipelineSpec spec = loaded(scratch, user(R"(
    local kinds = {}
    for _, name in ipairs { "text", "whole", "part", "big", "yes", "no", "list", "object", "null", "absent" } do
      kinds[#kinds + 1] = math.type(row[name]) or type(row[name])
    end
    return table.concat(kinds, " ") .. " " .. row.text .. row.whole + 1 .. row.list[3] .. #row.object.deep.er
  )"));
  EXPECT_EQ(
      rendered(
          spec,
          R"({"text":"grün \u0041","whole":41,"part":1.5,"big":18446744073709551615,"yes":true,"no":false,)"
          R"("list":[1,null,"z"],"object":{"deep":{"er":[1,2]}},"null":null})"),
      "string integer float userdata boolean boolean table table nil nil grün A42z2");
}

TEST(Scripts, TakeTextOrAReasonFromUser) {
  const Scratch scratch;
  const PipelineSpec spec =
      loaded(scratch, user("if row.skip then return nil, 'too ' .. row.skip end if row.none then "
                           "return end if row.n then return row.n end return 'ok'"));
  EXPECT_EQ(rendered(spec, "{}"), "ok");
  EXPECT_EQ(rendered(spec, R"({"n":12})"), "12");
  EXPECT_EQ(rendered(spec, R"({"skip":"short"})"), "reason: too short");
  EXPECT_EQ(rendered(spec, R"({"none":1})"),
            "script error: pipeline.lua:6: user must return the prompt as text, or nil and a "
            "reason; it returned nothing");
}

TEST(Scripts, TellWhereAFunctionFails) {
  const Scratch scratch;
  scratch.write("helper.lua", "return function(row)\n  return row.missing.field\nend\n");
  const PipelineSpec spec = loaded(
      scratch, "local helper = require 'helper'\n" +
                   user("if row.loop then while true do end end\nif row.own then error('no good') "
                        "end\nif row.big then return ('x'):rep(1e9) end\nreturn helper(row)"));
  EXPECT_EQ(rendered(spec, "{}"),
            "script error: helper.lua:2: attempt to index a nil value (field 'missing')");
  EXPECT_EQ(rendered(spec, R"({"own":1})"), "script error: pipeline.lua:8: no good");
  EXPECT_EQ(rendered(spec, R"({"loop":1})"),
            "script error: pipeline.lua:7: it passed the limit of 10 million instructions");
  EXPECT_EQ(rendered(spec, R"({"big":1})"),
            "script error: pipeline.lua:9: resulting string too large (a script has 64 MiB)");
  EXPECT_EQ(rendered(spec, "[1]"), "script error: pipeline.lua:7: not a JSON object");
}

TEST(Scripts, TakeTheWordOfCheck) {
  const Scratch scratch;
  const PipelineSpec spec =
      loaded(scratch, pipeline_with("s.validate { check = function(row) if row.n > 2 then return "
                                    "false, 'n is ' .. row.n end return row.n == 1 end },",
                                    "user = '{{a}}'", ""));
  ASSERT_TRUE(spec.validate.has_value());
  EXPECT_TRUE(spec.validate->fields.empty());
  EXPECT_TRUE(spec.validate->check(row_of(R"({"n":1})")).has_value());
  const auto second = spec.validate->check(row_of(R"({"n":2})"));
  ASSERT_FALSE(second.has_value());
  EXPECT_FALSE(second.error().script_error);
  EXPECT_EQ(second.error().message, "check said no");
  EXPECT_EQ(spec.validate->check(row_of(R"({"n":3})")).error().message, "n is 3");
  EXPECT_TRUE(spec.validate->check(row_of(R"({"n":"x"})")).error().script_error);
}

std::string parse(std::string_view body) {
  return pipeline_with(
      "",
      R"(user = "{{a}}", answer = { zulu = s.int, alpha = s.list { s.object { y = s.text, b = s.text } }, mike = s.object { only = s.list { s.text } } })",
      fmt::format("s.parse {{ retries = 1, function(answer, row) {} end }},", body));
}

TEST(Scripts, WriteAnAnswerInTheOrderOfItsColumns) {
  const Scratch scratch;
  const PipelineSpec spec = loaded(
      scratch,
      parse(
          R"(answer.zulu = answer.zulu / 2 answer.extra = { b = 1, a = 2.5 } answer.added = row.x return answer)"));
  EXPECT_EQ(
      spec.parse.parse(R"({"mike":{"only":[]},"alpha":[{"b":"1","y":"2"},{"y":"\"\n"}],"zulu":6})",
                       row_of(R"({"x":[true,null,{}]})")),
      R"({"zulu":3,"alpha":[{"y":"2","b":"1"},{"y":"\"\n"}],"mike":{"only":[]},"added":[true,null,[]],"extra":{"a":2.5,"b":1}})");
}

TEST(Scripts, RefuseAnAnswerThatJsonHasNoFormFor) {
  const Scratch scratch;
  const PipelineSpec spec = loaded(scratch, parse(R"(
    local bad = { f = tostring, i = 1 / 0, m = { 1, x = 2 }, n = { x = 2, [true] = 1 },
                  h = { [1000] = 1 }, c = {} }
    bad.c.c = bad.c
    return { extra = bad[row.what] }
  )"));
  const auto why = [&](const char* what) {
    const auto parsed = spec.parse.parse("{}", row_of(fmt::format(R"({{"what":"{}"}})", what)));
    return parsed ? "accepted: " + *parsed : parsed.error().message;
  };
  EXPECT_THAT(why("f"), HasSubstr("the answer holds a function"));
  EXPECT_THAT(why("i"), HasSubstr("a number that is not finite"));
  EXPECT_THAT(why("m"), HasSubstr("both names and list items"));
  EXPECT_THAT(why("n"), HasSubstr("both names and list items"));
  EXPECT_THAT(why("h"), HasSubstr("more holes than elements"));
  EXPECT_THAT(why("c"), HasSubstr("a table that holds itself?"));
}

TEST(Scripts, TakeAReasonFromParse) {
  const Scratch scratch;
  const PipelineSpec spec =
      loaded(scratch, parse("if row.x == 1 then return nil, 'too low' end return 'text'"));
  const auto low = spec.parse.parse("{}", row_of(R"({"x":1})"));
  ASSERT_FALSE(low.has_value());
  EXPECT_FALSE(low.error().script_error);
  EXPECT_EQ(low.error().message, "too low");
  const auto other = spec.parse.parse("{}", row_of("{}"));
  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().message, HasSubstr("parse must return the answer as a table"));
}

TEST(Scripts, GiveFreeTextAsOneColumn) {
  const Scratch scratch;
  const PipelineSpec spec = loaded(
      scratch, pipeline_with("", "user = '{{a}}'",
                             "s.parse { function(a) a.answer = a.answer:upper() return a end },"));
  EXPECT_EQ(spec.parse.parse(R"({"answer":"yes"})", row_of("{}")), R"({"answer":"YES"})");
}

TEST(Scripts, AreAsTheyWereLoadedInEveryThread) {
  const Scratch scratch;
  scratch.write("helper.lua", "return 'first'");
  scratch.write("prompt.md", "first text");
  const PipelineSpec spec =
      loaded(scratch,
             "local helper = require 'helper'\nlocal text = require('sluice').file 'prompt.md'\n" +
                 user("return helper .. ' ' .. text"));
  scratch.write("helper.lua", "return 'second'");
  scratch.write("prompt.md", "second text");
  scratch.write("pipeline.lua", "broken");
  std::string elsewhere;
  EXPECT_EQ(rendered(spec, "{}"), "first first text");
  std::thread([&] { elsewhere = rendered(spec, "{}"); }).join();
  EXPECT_EQ(elsewhere, "first first text");
}

TEST(Scripts, GiveTheSameFromFourThreadsAtOnce) {
  const Scratch scratch;
  const PipelineSpec spec = loaded(
      scratch,
      pipeline_with(
          "s.validate { check = function(row) return row.n % 2 == 0, 'odd ' .. row.n end },",
          "user = function(row) local words = {} for w in row.text:gmatch('%a+') do words[#words + "
          "1] = w:upper() end return table.concat(words, '-') .. row.n end, answer = { n = s.int }",
          "s.parse { function(answer, row) return { n = answer.n + row.n } end },"));
  constexpr int kRows = 500;
  const auto work = [&](std::vector<std::string>& seen) {
    for (int n = 0; n < kRows; ++n) {
      const core::Row row = row_of(fmt::format(R"({{"n":{},"text":"one two, three"}})", n));
      const auto checked = spec.validate->check(row);
      seen.push_back(fmt::format("{} {} {}", checked ? "even" : checked.error().message,
                                 *spec.pack.user(row), *spec.parse.parse(R"({"n":1})", row)));
    }
  };
  std::vector<std::vector<std::string>> seen(4);
  std::vector<std::thread> threads;
  for (auto& one : seen) threads.emplace_back([&work, &one] { work(one); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(seen[0].size(), std::size_t{kRows});
  EXPECT_EQ(seen[0][3], R"(odd 3 ONE-TWO-THREE3 {"n":4})");
  for (const auto& one : seen) EXPECT_EQ(one, seen[0]);
}

TEST(Scripts, MayBeDroppedByAnyThread) {
  const Scratch scratch;
  auto spec = std::make_unique<PipelineSpec>(loaded(scratch, user("return 'x'")));
  stages::RenderFunction kept = spec->pack.user;
  EXPECT_EQ(*kept(row_of("{}")), "x");
  std::thread other([function = std::move(kept)]() mutable {
    EXPECT_EQ(*function(row_of("{}")), "x");
    function = nullptr;
  });
  spec.reset();
  other.join();
  // This thread's place for the dropped load is used again for the next one.
  const PipelineSpec next = loaded(scratch, user("return 'y'"));
  EXPECT_EQ(rendered(next, "{}"), "y");
}

}  // namespace
}  // namespace sluice::dsl
