// What the sandbox does not let a script do.
#include "script/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "script/meter.h"

namespace sluice::script {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Script {
  const char* code;
  std::string result;
};

// Runs `code` as one call of a function; its result as text, or "error: " and what went wrong.
std::string run(Sandbox& sandbox, const char* code) {
  Script script{code, {}};
  const auto wrong = sandbox.protected_call(
      [](lua_State* lua) {
        auto& now = *static_cast<Script*>(lua_touserdata(lua, 1));
        if (luaL_loadbufferx(lua, now.code, std::char_traits<char>::length(now.code), "@script",
                             "t") != LUA_OK) {
          return lua_error(lua);
        }
        lua_call(lua, 0, 1);
        now.result = luaL_tolstring(lua, -1, nullptr);
        return 0;
      },
      &script, kCallWork, kCallSeconds);
  return wrong ? "error: " + wrong->message : script.result;
}
std::string run(const char* code) {
  Sandbox sandbox;
  return run(sandbox, code);
}

constexpr char kWork[] = "error: it passed the limit of 10 million instructions";
constexpr char kMemory[] = "error: it passed the limit of 64 MiB of memory";

TEST(Sandbox, RunsOrdinaryLua) {
  EXPECT_EQ(run("local t = {} for i = 1, 100 do t[i] = i * i end return #t .. ':' .. t[100]"),
            "100:10000");
  EXPECT_EQ(run("return select('#', pcall(error, 'x'))"), "2");
  EXPECT_EQ(run("local ok, why = pcall(error, { 1 }) return tostring(ok) .. type(why)"),
            "falsetable");
  EXPECT_EQ(
      run("return table.concat({ pcall(function(...) return ... end, 'a', 'b') and 'y' }, ',')"),
      "y");
  EXPECT_EQ(run("local t = { 3, 1, 2 } table.sort(t) return table.concat(t, ' ')"), "1 2 3");
  EXPECT_EQ(run("return utf8.len('größe') .. ('x'):upper() .. math.floor(2.5) .. "
                "#table.pack(table.unpack({ 1, 2 }))"),
            "5X22");
}

TEST(Sandbox, HasNoWayOut) {
  for (const char* name : {"io", "os", "debug", "package", "coroutine", "load", "loadstring",
                           "loadfile", "dofile", "collectgarbage", "print", "warn"}) {
    const std::string code = std::string("return ") + name;
    EXPECT_THAT(run(code.c_str()), HasSubstr("is not there in a pipeline file")) << name;
    EXPECT_EQ(run(("return rawget(_G, '" + std::string(name) + "')").c_str()), "nil") << name;
  }
  EXPECT_THAT(run("return string.dump(function() end)"), HasSubstr("is not there"));
  EXPECT_THAT(run("return math.random()"), HasSubstr("is not there"));
  EXPECT_EQ(run("return tostring(getmetatable('')) .. tostring(getmetatable(_G))"), "falsefalse");
}

TEST(Sandbox, StopsALoop) {
  EXPECT_EQ(run("while true do end"), kWork);
  EXPECT_EQ(run("local function f() return f() end f()"), kWork);
  EXPECT_EQ(run("for i = 1, math.huge do end"), kWork);
  EXPECT_EQ(run("goto a ::a:: goto a"), kWork);
}

TEST(Sandbox, LetsNoPcallSwallowALimit) {
  EXPECT_EQ(run("while true do pcall(function() while true do end end) end"), kWork);
  EXPECT_EQ(run("pcall(function() while true do end end) return 'escaped'"), kWork);
  EXPECT_EQ(run("xpcall(function() while true do end end, function() while true do end end) return "
                "'escaped'"),
            kWork);
  EXPECT_EQ(run("local function f() pcall(f) pcall(f) end f() return 'escaped'"), kWork);
  EXPECT_EQ(run("local t = setmetatable({}, { __index = function() while true do end end }) "
                "pcall(function() return t.x end) return 'escaped'"),
            kWork);
  EXPECT_EQ(run("local c <close> = setmetatable({}, { __close = function() while true do end end "
                "}) while true do end"),
            kWork);
  EXPECT_EQ(
      run("pcall(function() local t = {} for i = 1, 1e7 do t[i] = { i } end end) return 'escaped'"),
      kMemory);
}

TEST(Sandbox, StopsALoopInTheTextOfAnError) {
  EXPECT_EQ(run("error(setmetatable({}, { __tostring = function() while true do end end }))"),
            kWork);
  EXPECT_EQ(run("error(setmetatable({}, { __tostring = function() return 'own text' end }))"),
            "error: own text");
  EXPECT_EQ(run("error({})"), "error: error(table)");
}

// Comparing long texts is neither instructions nor memory.
TEST(Sandbox, BoundsProcessorTime) {
  Sandbox sandbox;
  const auto wrong = sandbox.protected_call(
      [](lua_State* lua) {
        constexpr std::string_view kCode =
            "local a, b = ('x'):rep(4 << 20), ('x'):rep(4 << 20)\n"
            "while true do local same = a == b end";
        luaL_loadbufferx(lua, kCode.data(), kCode.size(), "@script", "t");
        lua_call(lua, 0, 0);
        return 0;
      },
      nullptr, kLoadWork, 0.05);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->message, "it passed the limit of 0.05 seconds of processor time");
}

TEST(Sandbox, HasNoFinalizers) {
  EXPECT_THAT(run("setmetatable({}, { __gc = function() while true do end end })"),
              HasSubstr("__gc is not there"));
  EXPECT_THAT(run("local m = {} setmetatable({}, m) m.__gc = function() end setmetatable({}, m)"),
              HasSubstr("__gc is not there"));
}

TEST(Sandbox, BoundsMemory) {
  EXPECT_THAT(run("return ('x'):rep(1e9)"), HasSubstr("resulting string too large"));
  EXPECT_THAT(run("local s = 'x' while true do s = s .. s end"),
              StartsWith("error: it passed the limit of"));
  EXPECT_EQ(run("local t = {} for i = 1, 1e7 do t[i] = { i } end"), kMemory);
  EXPECT_EQ(run("local function f() return 1 + f() end f()"), kMemory);
}

TEST(Sandbox, IsFitForUseAfterALimit) {
  Sandbox sandbox;
  EXPECT_EQ(run(sandbox, "while true do end"), kWork);
  EXPECT_EQ(run(sandbox, "local t = {} for i = 1, 1e7 do t[i] = { i } end"), kMemory);
  EXPECT_EQ(run(sandbox, "return 1 + 1"), "2");
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(run(sandbox, "local t = {} for i = 1, 10000 do t[i] = 'x' .. i end return #t"),
              "10000");
  }
}

TEST(Sandbox, CountsWorkInsideCFunctions) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(run("return string.find(('a'):rep(50000), ('a-'):rep(30) .. 'b')"), kWork);
  EXPECT_EQ(run("return (('a'):rep(50000)):match(('.-'):rep(100) .. 'b')"), kWork);
  EXPECT_EQ(run("return (('a'):rep(50000)):gsub(('.*'):rep(20) .. 'b', '')"), kWork);
  EXPECT_EQ(run("for _ in (('('):rep(100000)):gmatch('%b()') do end"), kWork);
  EXPECT_EQ(run("return #string.rep('', 1e15)"), "0");
  EXPECT_EQ(run("table.move({}, 1, 1e15, 2)"), kWork);
  EXPECT_THAT(
      run("table.insert(setmetatable({}, { __len = function() return 1e15 // 1 | 0 end }), 1, 1)"),
      HasSubstr("without a metatable"));
  EXPECT_THAT(
      run("table.sort(setmetatable({}, { __len = function() return 2e9 // 1 | 0 end }), rawequal)"),
      HasSubstr("without a metatable"));
  EXPECT_THAT(run("local s = ('x'):rep(8 << 20) while true do local t = s .. 'y' end"),
              StartsWith("error: it passed the limit of"));
  EXPECT_EQ(
      run("local t = {} for i = 1, 100000 do t[i] = i end while true do table.insert(t, 1, 0) end"),
      kWork);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
  EXPECT_LT(taken.count(), 60)
      << "a bound that holds means seconds, not minutes, even under a sanitizer";
}

TEST(Sandbox, WalksTablesInOneOrder) {
  EXPECT_EQ(
      run("local t = { 'one', 'two', z = 1, a = 2, m = 3, [10] = 4, [-1] = 5 } local keys = {} "
          "for k in pairs(t) do keys[#keys + 1] = tostring(k) end return table.concat(keys, ' ')"),
      "-1 1 2 10 a m z");
  EXPECT_EQ(run("local t = { a = 1, b = 2, c = 3 } for k in pairs(t) do t.b = nil t.c = nil end "
                "return tostring(t.a) .. tostring(t.b)"),
            "1nil");
  EXPECT_EQ(run("return tostring(next({})) .. next({ b = 1, a = 2 })"), "nila");
  EXPECT_THAT(run("return next({ 1 }, 1)"), HasSubstr("use pairs"));
}

TEST(Sandbox, GivesNoAddressAsText) {
  for (const char* code :
       {"return tostring({})", "return tostring(tostring)", "return string.format('%s', {})",
        "return ('%d %s'):format(1, pairs)", "return ('%-20s|'):format({})",
        "return string.format('%p', 'text')", "return ('%%%5.2f %p'):format(1, {})",
        "return tostring(setmetatable({}, { __name = 'Row' }))",
        "return 'x' .. tostring(setmetatable({}, { __tostring = function() return tostring({}) end "
        "}))",
        "local t = { [{}] = 1, [{}] = 2 } for k in pairs(t) do return 1 end",
        "return next({ [pairs] = 1, [tostring] = 2 })"}) {
    EXPECT_THAT(run(code), testing::MatchesRegex("error: .*(differs? in each run).*")) << code;
  }
  EXPECT_EQ(run("return ('%s %5.1f %% %d %q %s'):format(nil, 2.5, 7, 'q', true)"),
            "nil   2.5 % 7 \"q\" true");
  EXPECT_EQ(run("return tostring(setmetatable({}, { __tostring = function() return 'own' end }))"),
            "own");
  EXPECT_THAT(run("return ('%s'):format()"), HasSubstr("no value"));
  EXPECT_THAT(run("return ('%y'):format(1)"), HasSubstr("invalid conversion"));
}

TEST(Sandbox, OrdersKeysOfEveryKind) {
  EXPECT_EQ(run("local t = { [2.5] = 1, [true] = 1, [false] = 1, [-1] = 1, a = 1, [{}] = 1, [1] = "
                "1, [-0.5] = 1 } "
                "local keys = {} for k in pairs(t) do keys[#keys + 1] = type(k) == 'table' and "
                "'table' or tostring(k) end return table.concat(keys, ' ')"),
            "-1 1 a -0.5 2.5 false true table");
}

// Lua's own sort takes its pivots from the clock when a list divides badly.
TEST(Sandbox, SortsAlikeEachTime) {
  EXPECT_EQ(run("local t = {} for i = 1, 5000 do t[i] = { i, i % 7 } end "
                "table.sort(t, function(a, b) return a[2] < b[2] end) "
                "for i = 2, #t do local a, b = t[i - 1], t[i] "
                "if a[2] > b[2] or a[2] == b[2] and a[1] > b[1] then return i end end "
                "return 'stable'"),
            "stable");
  EXPECT_EQ(run("local t = { 'c', 'a', 'b' } table.sort(t) return table.concat(t)"), "abc");
  EXPECT_EQ(run("local n, t = 0, {} for i = 1, 1000 do t[i] = i end "
                "table.sort(t, function() n = n + 1 return n % 3 == 0 end) return #t"),
            "1000");
  EXPECT_THAT(run("table.sort({ 1, 'a' })"), HasSubstr("attempt to compare"));
  EXPECT_EQ(run("local t = {} for i = 1, 1e5 do t[i] = -i end while true do table.sort(t) end"),
            kWork);
}

TEST(Sandbox, CallsXpcallsHandlerWithTheError) {
  EXPECT_EQ(run("local ok, what = xpcall(error, function(e) return 'handled ' .. e end, 'x', 0) "
                "return what"),
            "handled x");
  EXPECT_EQ(run("return select(2, xpcall(function(a, b) return a + b end, error, 2, 3))"), "5");
}

TEST(Sandbox, TellsWhereALimitWasPassed) {
  Sandbox sandbox;
  const auto wrong = sandbox.protected_call(
      [](lua_State* lua) {
        constexpr std::string_view kCode = "local a = 1\nwhile true do\n  a = a + 1\nend";
        luaL_loadbufferx(lua, kCode.data(), kCode.size(), "@script", "t");
        lua_call(lua, 0, 0);
        return 0;
      },
      nullptr, kCallWork, kCallSeconds);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->place.chunk, "script");
  EXPECT_THAT(wrong->place.line, testing::AllOf(testing::Ge(2), testing::Le(3)));
}

TEST(Sandbox, TurnsCppExceptionsIntoErrors) {
  Sandbox sandbox;
  const auto wrong =
      sandbox.protected_call([](lua_State*) -> int { throw std::runtime_error("thrown"); }, nullptr,
                             kCallWork, kCallSeconds);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->message, "thrown");
}

}  // namespace
}  // namespace sluice::script
