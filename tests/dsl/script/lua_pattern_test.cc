// The sandbox's pattern functions agree with Lua's own, and give up instead of running away.
#include <gtest/gtest.h>

#include <lua.hpp>
#include <memory>
#include <random>

#include "script/sandbox.h"

namespace sluice::script {
namespace {

// Runs `code` with s and p set, and gives all it returns, or the error without its place.
std::string run(lua_State* lua, std::string_view subject, std::string_view pattern,
                const char* code) {
  lua_settop(lua, 0);
  lua_pushlstring(lua, subject.data(), subject.size());
  lua_setglobal(lua, "s");
  lua_pushlstring(lua, pattern.data(), pattern.size());
  lua_setglobal(lua, "p");
  if (luaL_loadstring(lua, code) != LUA_OK) return lua_tostring(lua, -1);
  const bool failed = lua_pcall(lua, 0, LUA_MULTRET, 0) != LUA_OK;
  if (failed) return "error";
  std::string all;
  for (int i = 1; i <= lua_gettop(lua); ++i) {
    std::size_t length = 0;
    const char* text = luaL_tolstring(lua, i, &length);
    all += std::string(text, length) + "|";
    lua_pop(lua, 1);
  }
  return all;
}

struct Protected {
  std::string_view subject, pattern;
  const char* code;
  std::string result;
};

std::string ours(Sandbox& sandbox, std::string_view subject, std::string_view pattern,
                 const char* code) {
  Protected call{subject, pattern, code, {}};
  const auto wrong = sandbox.protected_call(
      [](lua_State* lua) {
        auto& now = *static_cast<Protected*>(lua_touserdata(lua, 1));
        now.result = run(lua, now.subject, now.pattern, now.code);
        return 0;
      },
      &call, kLoadWork, kLoadSeconds);
  return wrong ? wrong->message : call.result;
}

constexpr const char* kCodes[] = {
    "return s:find(p)",
    "return s:find(p, 2)",
    "return s:find(p, -2)",
    "return s:find(p, 1, true)",
    "return s:match(p)",
    "return s:match(p, 3)",
    ("local t = {} for a, b in s:gmatch(p) do t[#t + 1] = tostring(a) .. '/' .. tostring(b) end "
     "return table.concat(t, ';')"),
    "return s:gsub(p, '<%0>')",
    "return s:gsub(p, '<%1>', 2)",
    "return s:gsub(p, function(a, b) return a ~= '' and tostring(a) .. tostring(b) or nil end)",
    "return s:gsub(p, { a = 'A', b = 1, ab = false })",
};

class PatternAgreement : public testing::Test {
 protected:
  PatternAgreement() : lua_(luaL_newstate(), lua_close) { luaL_openlibs(lua_.get()); }
  void expect_same(std::string_view subject, std::string_view pattern) {
    for (const char* code : kCodes) {
      EXPECT_EQ(ours(sandbox_, subject, pattern, code), run(lua_.get(), subject, pattern, code))
          << "s = '" << subject << "', p = '" << pattern << "': " << code;
    }
  }
  std::unique_ptr<lua_State, void (*)(lua_State*)> lua_;
  Sandbox sandbox_;
};

TEST_F(PatternAgreement, OnWhatTheManualNames) {
  constexpr std::pair<std::string_view, std::string_view> kCases[] = {
      {"hello world from Lua", "%a+"},
      {"key = value", "(%w+)%s*=%s*(%w+)"},
      {"  trim me  ", "^%s*(.-)%s*$"},
      {"f(a(b)c)d", "%b()"},
      {"THE (quick) fox", "%f[%a]%a+%f[%A]"},
      {"\"it's\" 'fine'", "([\"'])(.-)%1"},
      {"2026-11-22", "(%d+)-(%d+)-(%d+)"},
      {"a.b.c", "%."},
      {"a]b-c^d", "[]^-]"},
      {"a-z", "[a%-z]"},
      {"hello", ""},
      {"hello", "()ll()"},
      {"hello", "l*"},
      {"hello", "^h"},
      {"hello", "o$"},
      {"hello", "$"},
      {"hel$o", "$o"},
      {"x^y", "x^y"},
      {std::string_view("a\0b", 3), std::string_view("[^\0]+", 5)},
      {"äöü", "[\xC3][\x80-\xBF]"},
      {"aaa", "a-b"},
      {"aaab", "a-b"},
      {"abc", "(a)(b)(c)"},
      {"abc", "((a)(b))"},
      {"abab", "(ab)%1"},
      {"0x1F", "^0[xX](%x+)$"},
      {"Tab\tand\nline", "%c"},
      {"UPPER lower", "%u+"},
      {"a1 b2", "%W"},
      {"", ".*"},
      {"", "^$"},
  };
  for (const auto& [subject, pattern] : kCases) expect_same(subject, pattern);
}

TEST_F(PatternAgreement, OnMalformedPatternsThatAreReached) {
  for (const std::string_view pattern :
       {"%", "[a", "[^", "(a", "a)", "%1", "(a%1)", "%b", "%ba", "%f", "[%", "[%a", "[]"}) {
    EXPECT_EQ(ours(sandbox_, "aaa", pattern, "return s:match(p)"), "error") << pattern;
    EXPECT_EQ(run(lua_.get(), "aaa", pattern, "return s:match(p)"), "error") << pattern;
  }
}

TEST_F(PatternAgreement, OnRandomPatterns) {
  constexpr std::string_view kPieces[] = {"a",  "b",    ".",     "%a", "%d", "[ab]", "[^a]",
                                          "a*", "b+",   ".-",    "a?", ".*", "(a)",  "(b*)",
                                          "()", "%b()", "%f[a]", "1",  "x-"};
  constexpr std::string_view kLetters = "aab(b)1x";
  std::mt19937 random(5);
  for (int round = 0; round < 1500; ++round) {
    std::string pattern = random() % 6 == 0 ? "^" : "";
    for (unsigned n = 1 + random() % 5; n > 0; --n)
      pattern += kPieces[random() % std::size(kPieces)];
    if (random() % 6 == 0) pattern += "$";
    std::string subject;
    for (unsigned n = random() % 10; n > 0; --n) subject += kLetters[random() % kLetters.size()];
    expect_same(subject, pattern);
    if (HasFailure()) return;
  }
}

TEST(Pattern, GivesUpWhenItsBudgetIsSpent) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "a-";
  const auto pattern = Pattern::compile(text + "b", true);
  ASSERT_TRUE(pattern);
  std::uint64_t budget = 100'000;
  Match match;
  EXPECT_EQ(search(*pattern, std::string(50'000, 'a'), 0, budget, match), Found::exhausted);
  EXPECT_EQ(budget, 0u);
}

TEST(Pattern, TakesSubjectsOfAnyLengthWithoutDeepRecursion) {
  const auto pattern = Pattern::compile("^(.-)x(.*)y$", true);
  ASSERT_TRUE(pattern);
  std::uint64_t budget = 100'000'000;
  Match match;
  const std::string subject = std::string(2'000'000, 'a') + "x" + std::string(2'000'000, 'b') + "y";
  EXPECT_EQ(search(*pattern, subject, 0, budget, match), Found::yes);
  EXPECT_EQ(match.captures[0].length, 2'000'000u);
  EXPECT_EQ(match.captures[1].length, 2'000'000u);
}

TEST(Pattern, RefusesMoreBranchesThanItsStackHolds) {
  std::string text;
  for (int i = 0; i < 201; ++i) text += "a?";
  EXPECT_EQ(Pattern::compile(text, true).error(), "pattern too complex");
}

}  // namespace
}  // namespace sluice::script
