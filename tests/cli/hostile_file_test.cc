// Pipeline files of a stranger who means harm: what each attempt comes to on `sluice check` and on
// `sluice run`. Nothing outside of the file's folder is read, nothing is sent or written by check,
// and each ends with a message, in bounded time and memory. SLUICE_HOSTILE_TABLE=1 prints the
// table.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kNotRun = -1;
constexpr std::chrono::seconds kBound{60};

// A pipeline file of these parts. The messages are looked for in all that the command says, and in
// the rejects.
struct Attempt {
  std::string what;
  std::string before = "";
  std::string read = R"("in.jsonl", key = "id")";
  std::string steps = "";
  std::string pack = "user = '{{text}}'";
  std::string parse = "";
  std::string sink = R"("out.jsonl")";
  int check = 3;
  int run = 3;
  std::string says = "";     // both, or run where check has a message of its own
  std::string checked = "";  // check alone
  std::string ran = "";      // run alone
};

std::string rep(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// MiB. AddressSanitizer keeps what is freed for a while.
#ifdef SLUICE_SANITIZED
constexpr long kMostMemory = 2000;
#else
constexpr long kMostMemory = 700;
#endif

class HostileFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string rows;
    for (int i = 0; i < 3; ++i)
      rows += fmt::format("{{\"id\":\"T-{}\",\"text\":\"{}\"}}\n", i, std::string(4000, 'x'));
    world_.write("in.jsonl", rows);
    world_.write("deep.jsonl", std::string(100'000, '[') + "\n");
    world_.write("prompt.md", "text");
    world_.write("mega", std::string(1 << 20, 'x'));
    world_.write("big", std::string(2 << 20, 'x'));
    world_.write("compiled.lua", std::string("\x1bLuaT\0\x19\x93\r\n", 10));
    ASSERT_EQ(::mkfifo(world_.path("fifo").c_str(), 0600), 0);
    std::filesystem::create_symlink("/etc/passwd", world_.path("link"));
    std::filesystem::create_symlink("/etc/passwd", world_.path("linked.lua"));
    world_.start_mock();
  }

  void make(const std::vector<Attempt>& attempts) {
    for (const Attempt& attempt : attempts) {
      SCOPED_TRACE(attempt.what);
      try_one(attempt);
    }
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    EXPECT_LT(usage.ru_maxrss, kMostMemory * 1024) << "KiB, of the largest process";
  }

 private:
  void try_one(const Attempt& attempt) {
    world_.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
{}
return s.pipeline {{
  name = "job",
  s.read {{ {} }},
  {}
  s.pack {{ {} }},
  s.dispatch {{ s.openai {{ model = "mock", base_url = s.param "base_url" }} }},
  {}
  s.sink {{ {} }},
}}
)lua",
                                        attempt.before, attempt.read, attempt.steps, attempt.pack,
                                        attempt.parse, attempt.sink));
    for (const char* left : {".sluice", "out.jsonl", "out.rejects.jsonl"})
      std::filesystem::remove_all(world_.path(left));
    const std::uint64_t asked = world_.mock_stats().requests;
    const std::string parameter = "base_url=" + world_.base_url();
    const std::string check =
        outcome({"check", "job.lua", "--set", parameter}, attempt.check,
                attempt.checked.empty() && attempt.check != 0 ? attempt.says : attempt.checked);
    EXPECT_EQ(world_.mock_stats().requests, asked) << "check sent something";
    EXPECT_FALSE(std::filesystem::exists(world_.path(".sluice"))) << "check wrote something";
    EXPECT_FALSE(std::filesystem::exists(world_.path("out.jsonl"))) << "check wrote something";
    const std::string run = attempt.run == kNotRun
                                ? "not run"
                                : outcome({"run", "job.lua", "--set", parameter}, attempt.run,
                                          attempt.ran.empty() ? attempt.says : attempt.ran);
    if (std::getenv("SLUICE_HOSTILE_TABLE") != nullptr)
      fmt::print("| {} | {} | {} |\n", attempt.what, check, run);
  }

  // Of one command, for the table.
  std::string outcome(const std::vector<std::string>& arguments, int status,
                      const std::string& says) {
    const auto process = world_.start(arguments);
    const auto ended = process->wait(kBound);
    const std::string said =
        process->output() + process->errors() + world_.read("out.rejects.jsonl");
    EXPECT_EQ(ended, status) << arguments[0] << ": " << said.substr(0, 2000);
    EXPECT_THAT(said.substr(0, 100'000), HasSubstr(says)) << arguments[0];
    EXPECT_THAT(said, Not(HasSubstr("root:"))) << "a line of /etc/passwd";
    EXPECT_LT(said.size(), 200'000U) << "a flood";
    EXPECT_EQ(said.find('\x1b'), said.npos) << "a control character";
    return fmt::format("{}{}", ended ? fmt::format("exit {}", *ended) : "hangs",
                       says.empty() ? "" : ": " + says);
  }

  World world_;
};

TEST_F(HostileFile, ReadsNothingFromOutside) {
  make({
      {.what = "io", .before = "io.open('/etc/passwd')", .says = "'io' is not there"},
      {.what = "the environment", .before = "os.getenv('HOME')", .says = "'os' is not there"},
      {.what = "debug", .before = "debug.getregistry()", .says = "'debug' is not there"},
      {.what = "a C library",
       .before = "package.loadlib('libc.so.6', 'system')",
       .says = "'package' is not there"},
      {.what = "load", .before = "load('return 1')()", .says = "'load' is not there"},
      {.what = "dofile", .before = "dofile('/etc/passwd')", .says = "'dofile' is not there"},
      {.what = "string.dump", .before = "string.dump(pairs)", .says = "'string.dump' is not there"},
      {.what = "a module of bytecode",
       .before = "require 'compiled'",
       .says = "this is not Lua source text"},
      {.what = "require with a path",
       .before = "require '../../etc/passwd'",
       .says = "no such module"},
      {.what = "require of a symbolic link that leads out",
       .before = "require 'linked'",
       .says = "leads to '/etc/passwd', outside of the pipeline file's folder"},
      {.what = "s.file with an absolute path",
       .before = "s.file '/etc/passwd'",
       .says = "outside of the pipeline file's folder"},
      {.what = "s.file with dots",
       .before = "s.file '../../../../../../../../etc/passwd'",
       .says = "leads to '/etc/passwd', outside of the pipeline file's folder"},
      {.what = "s.file of a symbolic link that leads out",
       .before = "s.file 'link'",
       .says = "leads to '/etc/passwd', outside of the pipeline file's folder"},
      {.what = "s.file of a FIFO", .before = "s.file 'fifo'", .says = "it is not a regular file"},
      {.what = "s.file of a device",
       .before = "s.file '/dev/zero'",
       .says = "outside of the pipeline file's folder"},
      {.what = "s.file of a large file",
       .before = "s.file 'big'",
       .says = "'big' is larger than 1 MiB"},
      {.what = "a secret joined to text",
       .before = "local key = s.secret 'PATH' .. ''",
       .says = "attempt to concatenate"},
      {.what = "a secret's text in the prompt",
       .before = "local key = tostring(s.secret 'PATH')",
       .pack = "system = key, user = '{{text}}'",
       .check = 0,
       .run = 0,
       .checked = "variables  PATH\n"},
      {.what = "a secret while a row is asked",
       .pack = "user = function() return tostring(s.secret 'PATH') end",
       .check = 0,
       .run = 1,
       .says = "environment variable PATH is not set"},
      {.what = "a text while a row is asked",
       .pack = "user = function() return s.file 'prompt.md' end",
       .check = 0,
       .run = 1,
       .says = "was not read when the file was first loaded"},
      {.what = "another input",
       .read = R"("/etc/passwd")",
       .check = 0,
       .run = kNotRun,
       .checked = "reads      /etc/passwd\n"},
  });
}

TEST_F(HostileFile, ReachesAndWritesNothingUnseen) {
  make({
      {.what = "the metatable of strings",
       .before = "getmetatable('').__index = nil",
       .says = "attempt to index a boolean value"},
      {.what = "the metatable of the globals",
       .before = "setmetatable(_G, nil)",
       .says = "cannot change a protected metatable"},
      {.what = "another _ENV",
       .before = "do local _ENV = setmetatable({}, { __index = _G }) io.open('x') end",
       .says = "'io' is not there"},
      {.what = "rawget around the globals",
       .before = "rawget(_G, 'io').open('x')",
       .says = "attempt to index a nil value"},
      {.what = "the metatable of sluice's values",
       .before = "getmetatable(s.text).__gc(s.text)",
       .says = "attempt to index a boolean value"},
      {.what = "the module's own table",
       .before = "setmetatable(s, { __index = function() return s.file end })",
       .says = "cannot change a protected metatable"},
      {.what = "a finalizer",
       .before = "setmetatable({}, { __gc = function() while true do end end })",
       .says = "__gc is not there"},
      {.what = "a coroutine",
       .before = "coroutine.wrap(function() while true do end end)()",
       .says = "'coroutine' is not there"},
      {.what = "the terminal", .before = "print('\\27]0;x\\7')", .says = "'print' is not there"},
      {.what = "the terminal, by an error", .before = "error('\\27]0;x\\7')", .says = "]0;x"},
      {.what = "the terminal, by a name",
       .read = R"("\27[2J.jsonl")",
       .check = 0,
       .run = 5,
       .says = "[2J.jsonl"},
      {.what = "a folder that is the system's",
       .sink = R"("/proc/sluice/out.jsonl")",
       .check = 0,
       .run = 5,
       .says = "/proc/sluice",
       .checked = "writes     /proc/sluice/out.jsonl"},
      {.what = "a server, at check",
       .check = 0,
       .run = 0,
       .checked = "sends to   http://127.0.0.1"},
  });
}

TEST_F(HostileFile, HangsNothing) {
  const std::string work = "it passed the limit of 100 million instructions";
  const std::string call = "it passed the limit of 10 million instructions";
  make({
      {.what = "a loop", .before = "while true do end", .says = work},
      {.what = "a loop of goto", .before = "do ::a:: goto a end", .says = work},
      {.what = "a loop inside pcall",
       .before = "while true do pcall(function() while true do end end) end",
       .says = work},
      {.what = "a loop in __close",
       .before = "local c <close> = setmetatable({}, { __close = function() while true do end end "
                 "})",
       .says = work},
      {.what = "a loop in the text of an error",
       .before = "error(setmetatable({}, { __tostring = function() while true do end end }))",
       .says = work},
      {.what = "an __index of itself",
       .before = "local t = {} setmetatable(t, { __index = t }) local x = t.x",
       .says = "chain too long"},
      {.what = "a pattern that goes back and back",
       .before = "string.find(('a'):rep(50000), ('a-'):rep(30) .. 'b')",
       .says = work},
      {.what = "a regular expression of a million states",
       .pack = "user = '{{text}}', answer = { a = s.text { pattern = '((a{100}){100}){100}' } }",
       .says = "pattern is no regular expression"},
      {.what = "500,000 brackets", .before = "local x = " + rep("(", 500'000), .says = "error:"},
      {.what = "250,000 tables in one another",
       .before = "local x = " + rep("{", 250'000),
       .says = "error:"},
      {.what = "100,000 joined texts",
       .before = "local x = 'x'" + rep(" .. 'x'", 100'000),
       .says = "error:"},
      {.what = "20,000 constructors on a line",
       .before = "local x = { " + rep("s.text { min = 1 }, ", 20'000) + " }",
       .says = work},
      {.what = "tables in tables, and options from a variable",
       .before = "local x = { " + rep("{ { { a = 1 } } }, ", 40'000) +
                 " } local p = { user = '{{text}}', rows = 2, tokens = 100 }",
       .pack = "unpack_me = 1",
       .says = "unknown option 'unpack_me'"},
      {.what = "an input that is a FIFO",
       .read = R"("fifo")",
       .pack = "user = function(row) return row.text end",
       .check = 0,
       .run = kNotRun,
       .checked = "'fifo' is not a plain file"},
      {.what = "an input without end",
       .read = R"("/dev/zero")",
       .pack = "user = function(row) return row.text end",
       .check = 0,
       .run = 5,
       .says = "longer than 16 MiB",
       .checked = "'/dev/zero' is not a plain file"},
      {.what = "a pattern of files that fits half the disk",
       .read = R"("/usr/*/*/*/*/*/*")",
       .pack = "user = function(row) return row.text end",
       .check = 0,
       .run = kNotRun,
       .checked = "cannot be looked at beforehand"},
      {.what = "a loop in user",
       .pack = "user = function() while true do end end",
       .check = 0,
       .run = 1,
       .says = call},
      {.what = "a loop in map",
       .steps = "s.map(function() while true do end end),",
       .check = 0,
       .run = 1,
       .says = call},
      {.what = "a loop in keep",
       .steps = "s.keep(function() while true do end end),",
       .check = 0,
       .run = 1,
       .says = call},
      {.what = "a loop in check",
       .steps = "s.validate { check = function() while true do end end },",
       .check = 0,
       .run = 1,
       .says = call},
      {.what = "a loop in parse",
       .parse = "s.parse { function() while true do end end },",
       .check = 0,
       .run = 1,
       .says = call},
      {.what = "a loop in user, called for an example",
       .pack = "user = function() while true do end end, examples = { { row = { a = 1 }, answer = "
               "'x' } }",
       .says = work},
  });
}

TEST_F(HostileFile, ExhaustsNothing) {
  const std::string work = "it passed the limit of 100 million instructions";
  const std::string memory = "it passed the limit of 64 MiB of memory";
  make({
      {.what = "tables without end",
       .before = "local t = {} for i = 1, 1e9 do t[i] = { i } end",
       .says = memory},
      {.what = "string.rep", .before = "local x = ('x'):rep(1e10)", .says = "too large"},
      {.what = "string.format", .before = "string.format('%99999d', 1)", .says = "invalid"},
      {.what = "table.concat",
       .before = "local x = table.concat({ 1, 2, 3 }, ('x'):rep(4e7))",
       .says = memory},
      {.what = "table.unpack", .before = "table.unpack({}, 1, 1e7)", .says = "too many results"},
      {.what = "recursion", .before = "local function f() return 1 + f() end f()", .says = memory},
      {.what = "gsub that calls itself",
       .before = "local function f(x) return (x:gsub('.', f)) end f('x')",
       .says = "stack overflow"},
      {.what = "sort that calls itself",
       .before = "local function f(a, b) table.sort({ 1, 2, 3 }, f) return a < b end f(1, 2)",
       .says = "stack overflow"},
      {.what = "pcall in pcall",
       .before = "local function f() pcall(f) pcall(f) end f()",
       .says = work},
      {.what = "an error of 10 MB", .before = "error(('x'):rep(1e7))", .says = "xxx"},
      {.what = "lists of lists, a million deep",
       .before = "local f = s.text for i = 1, 1e6 do f = s.list { f } end",
       .says = work},
      {.what = "objects in objects",
       .before = "local f = s.text for i = 1, 1e6 do f = s.object { x = f } end",
       .says = work},
      {.what = "an answer of 60,000 fields",
       .before = "local a = {} for i = 1, 60000 do a['f' .. i] = s.text end",
       .pack = "user = '{{text}}', answer = a",
       .says = "more than 1000 fields"},
      {.what = "a template of 20,000 places",
       .pack = "user = ('{{text}}'):rep(20000)",
       .says = "more than 10000 places"},
      {.what = "a template that makes prompts of 36 MB",
       .pack = "user = ('{{text}}'):rep(9000)",
       .check = 0,
       .run = 1,
       .says = "the prompt is longer than 16 MiB"},
      {.what = "a text under a thousand names",
       .before = "local dots = '' for i = 1, 1e4 do dots = dots .. './' local x = s.file(dots .. "
                 "'mega') end",
       .says = work},
      {.what = "a million variables",
       .before = "for i = 1, 1e6 do s.secret('X' .. i) end",
       .checked = "more than 100 environment variables",
       .ran = "environment variable X1 is not set"},
      {.what = "a million parameters",
       .before = "for i = 1, 1e6 do s.param('p' .. i, 1) end",
       .says = work},
      {.what = "tables without end in user",
       .pack = "user = function() local t = {} for i = 1, 1e9 do t[i] = { i } end end",
       .check = 0,
       .run = 1,
       .says = memory},
      {.what = "a prompt of 20 MB",
       .pack = "user = function() return ('x'):rep(2e7) end",
       .check = 0,
       .run = 1,
       .says = "the prompt is longer than 16 MiB"},
      {.what = "100,000 rows of 1 MB of one",
       .steps = "s.explode(function() local r = { text = ('x'):rep(1e6) } local t = {} for i = 1, "
                "1e5 do t[i] = r end return t end),",
       .check = 0,
       .run = 1,
       .says = "it passed the limit of"},
      {.what = "a row that holds itself",
       .steps = "s.map(function(row) row.row = row return row end),",
       .check = 0,
       .run = 1,
       .says = "a table that holds itself"},
      {.what = "a row of 100,000 lists in one another",
       .read = R"("deep.jsonl")",
       .check = 0,
       .run = 1,
       .says = "not_json"},
      {.what = "a parse that makes 1 GB",
       .parse =
           "s.parse { function() local t = {} local x = ('x'):rep(1e6) for i = 1, 1000 do t[i] "
           "= x end return { answer = t } end },",
       .check = 0,
       .run = 1,
       .says = "it passed the limit of"},
  });
}

}  // namespace
}  // namespace sluice::cli
