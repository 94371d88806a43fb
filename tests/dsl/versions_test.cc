// What changes a function's version: all that its results depend on, and nothing else.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "scratch.h"
#include "script/bytecode.h"

namespace sluice::dsl {
namespace {

using stages::PipelineSpec;

class Versions : public testing::Test {
 protected:
  // Of the parse function of the pipeline with `before` in front of it.
  core::Hash128 version(const std::string& before, const std::string& parse,
                        std::map<std::string, std::string> parameters = {},
                        const std::string& user = "user = '{{a}}'") const {
    scratch_.write("pipeline.lua",
                   before + "\n" + pipeline_with("", user, "s.parse { " + parse + " },"));
    const auto spec = scratch_.load(std::move(parameters));
    EXPECT_TRUE(spec) << spec.error().text();
    return spec ? spec->parse.script.version : core::Hash128();
  }
  // Whether every one of these differs from every other.
  testing::AssertionResult all_differ(
      const std::vector<std::pair<const char*, const char*>>& files) {
    std::set<core::Hash128> seen;
    for (const auto& [before, parse] : files) {
      if (version(before, parse) != version(before, parse))
        return testing::AssertionFailure() << "not the same twice: " << before << ' ' << parse;
      if (!seen.insert(version(before, parse)).second)
        return testing::AssertionFailure() << "the same as another: " << before << ' ' << parse;
    }
    return testing::AssertionSuccess();
  }

  const Scratch scratch_;
};

TEST_F(Versions, ChangeWithWhatAFunctionReaches) {
  EXPECT_TRUE(all_differ({
      {"", "function(a) return a end"},
      {"", "function(a) return { a = 1 } end"},
      {"", "function(a) return { a = 1.0 } end"},
      {"", "function(a) return { a = '1' } end"},
      {"local x = 1", "function(a) return { a = x } end"},
      {"local x = 2", "function(a) return { a = x } end"},
      {"local x = '2'", "function(a) return { a = x } end"},
      {"local x = { 2 }", "function(a) return { a = x } end"},
      {"local x = { y = 2 }", "function(a) return { a = x } end"},
      {"local x = { y = { 2 } }", "function(a) return { a = x } end"},
      {"local x = { y = { 3 } }", "function(a) return { a = x } end"},
      {"local x = { y = 2, [2.5] = 1, [true] = 1 }", "function(a) return { a = x } end"},
      {"local x = { y = 2, [2.5] = 1, [false] = 1 }", "function(a) return { a = x } end"},
      {"local x = {} x.x = x", "function(a) return { a = x } end"},
      {"local x = {} x.x = {} x.x.x = x", "function(a) return { a = x } end"},
      {"local x = setmetatable({}, { __index = { y = 1 } })", "function(a) return { a = x } end"},
      {"local x = setmetatable({}, { __index = { y = 2 } })", "function(a) return { a = x } end"},
      {"local function x() return 1 end", "function(a) return { a = x } end"},
      {"local function x() return 2 end", "function(a) return { a = x } end"},
      {"local y = 1 local function x() return y end", "function(a) return { a = x } end"},
      {"local y = 2 local function x() return y end", "function(a) return { a = x } end"},
      {"local x = string.upper", "function(a) return { a = x } end"},
      {"local x = string.lower", "function(a) return { a = x } end"},
  }));
}

TEST_F(Versions, ChangeWithTheGlobalsAFunctionNames) {
  EXPECT_TRUE(all_differ({
      {"", "function(a) return { a = g } end"},
      {"g = 1", "function(a) return { a = g } end"},
      {"g = 2", "function(a) return { a = g } end"},
      {"g = 1", "function(a) return { a = (function() return g end)() } end"},
      {"g = 2", "function(a) return { a = (function() return g end)() } end"},
      {"h = 1 function g() return h end", "function(a) return { a = g() } end"},
      {"h = 2 function g() return h end", "function(a) return { a = g() } end"},
      {"h = 1", "function(a) return { a = _G['h' .. ''] } end"},
      {"h = 2", "function(a) return { a = _G['h' .. ''] } end"},
      {"h = 1", "function(a) local e = _ENV return { a = e['h' .. ''] } end"},
      {"h = 2", "function(a) local e = _ENV return { a = e['h' .. ''] } end"},
      {"h = 1 local t = { _G }", "function(a) return { a = t[1]['h' .. ''] } end"},
      {"h = 2 local t = { _G }", "function(a) return { a = t[1]['h' .. ''] } end"},
      {"", "function(a) return { a = a.answer:upper() } end"},
      {"string.upper = string.lower", "function(a) return { a = a.answer:upper() } end"},
      {"string.upper = nil", "function(a) return { a = a.answer:upper() } end"},
      {"function string.upper() return 1 end", "function(a) return { a = a.answer:upper() } end"},
      {"function string.upper() return 2 end", "function(a) return { a = a.answer:upper() } end"},
      {"", "function(a) return { a = math.floor(2.5) } end"},
      {"function math.floor() return 2 end", "function(a) return { a = math.floor(2.5) } end"},
      {"tostring = function() return 2 end", "function(a) return { a = tostring(1) } end"},
      {"", "function(a) return { a = tostring(1) } end"},
  }));
}

TEST_F(Versions, ChangeWithModulesTextsAndParametersThatAreReached) {
  const std::string module = "local m = require 'm'";
  const std::string uses_module = "function(a) return m.f(a) end";
  scratch_.write("m.lua", "local k = require 'k' return { f = function(a) return { a = k } end }");
  scratch_.write("k.lua", "return 1");
  const core::Hash128 first = version(module, uses_module);
  scratch_.write("k.lua", "return 2");
  EXPECT_NE(version(module, uses_module), first) << "a module of a module";

  const std::string text = "local t = require('sluice').file 't.md'";
  const std::string uses_text = "function(a) return { a = t } end";
  scratch_.write("t.md", "one");
  const core::Hash128 one = version(text, uses_text);
  scratch_.write("t.md", "two");
  EXPECT_NE(version(text, uses_text), one);

  const std::string parameter = "local p = require('sluice').param('p', 'x')";
  const std::string uses_parameter = "function(a) return { a = p } end";
  EXPECT_NE(version(parameter, uses_parameter, {{"p", "1"}}),
            version(parameter, uses_parameter, {{"p", "2"}}));
  EXPECT_EQ(version(parameter, uses_parameter, {{"p", "x"}}), version(parameter, uses_parameter));

  // Asked for when the function runs: nothing is closed over.
  const std::string late = "local s = require 'sluice' local p = s.param('p', 'x')";
  const std::string asks = "function(a) return { a = s.param('p', 'x') } end";
  EXPECT_NE(version(late, asks, {{"p", "1"}}), version(late, asks, {{"p", "2"}}));
  const std::string requires_late = "function(a) return { a = require('k') } end";
  const core::Hash128 k2 = version(module, requires_late);
  scratch_.write("k.lua", "return 3");
  EXPECT_NE(version(module, requires_late), k2);
}

TEST_F(Versions, StayWithWhatAFunctionDoesNotReach) {
  const std::string parse = "function(a) local x = a.answer return { a = x .. helper(x) } end";
  const std::string helper = "function helper(x) return x end";
  scratch_.write("m.lua", "return 1");
  const core::Hash128 first = version(helper, parse);
  EXPECT_EQ(version("-- a remark\n\n" + helper, parse), first) << "lines";
  EXPECT_EQ(version(helper,
                    "function(b) -- other names\n local y = b.answer\n return { a = y .. "
                    "helper(y) } end"),
            first);
  EXPECT_EQ(version("local unused = require 'm'\n" + helper, parse), first);
  EXPECT_EQ(version("budget = 7 local other = { {} }\n" + helper, parse), first);
  EXPECT_EQ(version("local b = require('sluice').param('b', 1)\n" + helper, parse, {{"b", "2"}}),
            first);
  const std::string closed = "function(a) return { a = (function() return x + y end)() } end";
  EXPECT_EQ(version("local x, y = 1, 2", closed), version("local z, x, w, y = 0, 1, 0, 2", closed))
      << "other local variables around it";
  EXPECT_NE(version("local x, y = 1, 2", closed), version("local x, y = 2, 1", closed));
  EXPECT_EQ(version(helper, parse, {}, "user = 'another {{a}}'"), first);
}

TEST_F(Versions, OfWhatHasNoContentAreThoseOfTheWholeProject) {
  const std::string iterator = "local each = ('a b'):gmatch('%a')";
  const std::string parse = "function(a) return { a = each() } end";
  const core::Hash128 first = version(iterator, parse);
  EXPECT_EQ(version(iterator, parse), first);
  EXPECT_NE(version(iterator + " -- ", parse), first);
  const std::string keys = "local t = { [{}] = 1, [{}] = 2 }";
  EXPECT_NE(version(keys, "function(a) return { a = t } end"),
            version(keys + " ", "function(a) return { a = t } end"));
}

TEST_F(Versions, AreQuicklyMadeOfMuch) {
  const std::string much =
      "local t = {} for i = 1, 50000 do t[i] = { i, 'text ' .. i } end "
      "local deep = {} for i = 1, 5000 do deep = { deep } end";
  EXPECT_NE(version(much, "function(a) return { a = t } end"), core::Hash128());
  EXPECT_NE(version(much, "function(a) return { a = deep } end"), core::Hash128());
}

TEST_F(Versions, AreTheSameForEveryKindOfFunction) {
  const auto versions = [&](const std::string& helper) {
    scratch_.write("helper.lua", helper);
    scratch_.write("pipeline.lua", R"lua(
local s = require "sluice"
local helper = require "helper"
return s.pipeline {
  name = "test", s.read { "in.jsonl" },
  s.map(function(row) return helper(row) end), s.keep(function(row) return helper(row) end),
  s.validate { check = function(row) return helper(row) end },
  s.explode(function(row) return { helper(row) } end),
  s.validate { check = function(row) return helper(row) end },
  s.pack { user = function(row) return helper(row) end },
  s.dispatch { s.openai { model = "m", base_url = "http://127.0.0.1:1/v1" } },
  s.parse { function(answer, row) return helper(row) end },
  s.sink { "out.jsonl" },
}
)lua");
    const auto spec = scratch_.load();
    EXPECT_TRUE(spec) << spec.error().text();
    const auto& steps = spec->read.steps;
    EXPECT_TRUE(spec->parse.takes_row);
    EXPECT_EQ(spec->pack.user_script.place, "pipeline.lua:10");
    return std::vector<core::Hash128>{std::get<stages::MapStep>(steps[0]).script.version,
                                      std::get<stages::KeepStep>(steps[1]).script.version,
                                      std::get<stages::ValidateSpec>(steps[2]).script.version,
                                      std::get<stages::ExplodeStep>(steps[3]).script.version,
                                      spec->validate->script.version,
                                      spec->pack.user_script.version,
                                      spec->parse.script.version};
  };
  const auto first = versions("return function(row) return row end");
  const auto second = versions("return function(row) return row.x end");
  EXPECT_EQ(first, versions("return function(row) return row end"));
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NE(first[i], second[i]) << i;
}

TEST(Code, IsRefusedWhenItIsCutOrOfAnotherFormat) {
  EXPECT_FALSE(script::read_code(""));
  EXPECT_FALSE(script::read_code("\x1bLuaS"));
  EXPECT_FALSE(script::read_code(std::string(200, '\0')));
}

}  // namespace
}  // namespace sluice::dsl
