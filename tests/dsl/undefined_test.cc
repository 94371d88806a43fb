// Globals without a value that functions read: told by name and place, and never of a file that is
// right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <lua.hpp>
#include <sstream>

#include "scratch.h"
#include "script/global_names.h"

namespace sluice::dsl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> undefined(const std::string& before, const std::string& user) {
  const Scratch scratch;
  scratch.write("pipeline.lua",
                before + "\n" + pipeline_with("", "user = function(row)\n" + user + "\nend", ""));
  const auto job = scratch.load_job();
  EXPECT_TRUE(job) << job.error().text();
  std::vector<std::string> names;
  if (!job) return names;
  for (const stages::UndefinedGlobal& one : job->undefined) {
    EXPECT_EQ(one.place.file, "pipeline.lua");
    EXPECT_THAT(one.place.shown, testing::HasSubstr(one.name));
    names.push_back(one.name);
  }
  return names;
}

TEST(UndefinedGlobals, OfFunctionsAreNamedOnceEach) {
  EXPECT_THAT(undefined("", "return foo(row) .. foo(row) .. bar"), ElementsAre("foo", "bar"));
  EXPECT_THAT(undefined("local function f() return baz end", "return f()"), ElementsAre("baz"));
  EXPECT_THAT(undefined("local function f() local foo = 1 return foo end", "return foo"),
              ElementsAre("foo"))
      << "another function's local";
}

TEST(UndefinedGlobals, AreNotLocalsFieldsOrWhatIsAssigned) {
  EXPECT_THAT(undefined("local foo = 'x'", "return foo"), IsEmpty());
  EXPECT_THAT(undefined("foo = 'x'", "return foo"), IsEmpty());
  EXPECT_THAT(undefined("local function set() foo = 'x' end", "set() return foo"), IsEmpty());
  EXPECT_THAT(undefined("", "local t = { foo = 'x' } return t.foo .. t['foo']"), IsEmpty());
  EXPECT_THAT(undefined("", "for foo in pairs({}) do return foo end return 'x'"), IsEmpty());
  EXPECT_THAT(undefined("", "return string.upper(tostring(row.text))"), IsEmpty());
  EXPECT_THAT(undefined("", "return _G.foo or 'x'"), IsEmpty()) << "it takes care itself";
}

TEST(UndefinedGlobals, HaveTheirPlace) {
  const Scratch scratch;
  scratch.write(
      "pipeline.lua",
      pipeline_with("", "user = function(row)\n  local a = 1\n  return shout(row)\nend", ""));
  const auto job = scratch.load_job();
  ASSERT_TRUE(job) << job.error().text();
  ASSERT_EQ(job->undefined.size(), 1U);
  EXPECT_EQ(job->undefined[0].place.column, 10U);
  EXPECT_THAT(job->undefined[0].place.shown, testing::EndsWith("|          ^^^^^"));
}

// Of the files that the program comes with, each function reads what Lua or the file itself has.
TEST(UndefinedGlobals, StandInNoFileOfOurs) {
  lua_State* lua = luaL_newstate();
  luaL_openlibs(lua);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::string(SLUICE_SOURCE_DIR) + "/pipelines")) {
    if (entry.path().extension() != ".lua") continue;
    ++files;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string lua_text = text.str();
    ASSERT_EQ(luaL_loadbufferx(lua, lua_text.data(), lua_text.size(), "@file", "t"), LUA_OK)
        << entry.path();
    std::string dump;
    lua_dump(
        lua,
        [](lua_State*, const void* bytes, std::size_t size, void* into) {
          static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), size);
          return 0;
        },
        &dump, 0);
    const script::GlobalNames names = script::global_names(dump);
    for (const auto& use : names.read_in_functions) {
      if (names.assigned.contains(use.name)) continue;
      lua_getglobal(lua, use.name.c_str());
      EXPECT_FALSE(lua_isnil(lua, -1)) << entry.path() << ':' << use.line << ' ' << use.name;
      lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
  }
  EXPECT_GT(files, 10U);
  lua_close(lua);
}

}  // namespace
}  // namespace sluice::dsl
