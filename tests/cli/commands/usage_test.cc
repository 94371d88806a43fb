// Exit statuses and words for wrong usage and wrong pipeline files. (tests/dsl has every mistake.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;

TEST(Usage, HelpAndVersionSucceed) {
  const World world;
  EXPECT_THAT(world.sluice({"--help"}).output, HasSubstr("never pays twice"));
  EXPECT_EQ(world.sluice({"--help"}).status, 0);
  EXPECT_THAT(world.sluice({"--version"}).output,
              testing::MatchesRegex("sluice [0-9]+\\.[0-9]+\\.[0-9]+([-+][-0-9a-z]+)?\n"))
      << "of the project, or what git says of the checkout";
}

TEST(Usage, WrongUsageExitsWithTwo) {
  const World world;
  EXPECT_EQ(world.sluice({}).status, 2);
  EXPECT_EQ(world.sluice({"frobnicate"}).status, 2);
  EXPECT_EQ(world.sluice({"run"}).status, 2);
  EXPECT_EQ(world.sluice({"run", "job.lua", "--set", "novalue"}).status, 2);
  EXPECT_EQ(world.sluice({"mock", "--error-500", "7"}).status, 2);
}

TEST(Usage, SaysWhatIsWrongAndWhatToType) {
  const World world;
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"runn", "x.lua"}, "sluice: there is no command 'runn'; did you mean 'run'?"},
      {{"frobnicate"}, "sluice: there is no command 'frobnicate'"},
      {{"--vresion"}, "sluice: there is no option '--vresion'; did you mean '--version'?"},
      {{"run"}, "sluice run: FILE is missing, as in: sluice run tickets.lua"},
      {{"run", "x", "--limt", "3"},
       "sluice run: there is no option '--limt'; did you mean '--limit'?"},
      {{"run", "x", "--limt=3"},
       "sluice run: there is no option '--limt'; did you mean '--limit'?"},
      {{"run", "x", "y"}, "sluice run: 'y' is one argument too many"},
      {{"run", "x", "--limit"}, "sluice run: --limit needs a value: --limit N"},
      {{"run", "x", "--limit", "-1"},
       "sluice run: --limit: takes a whole number of at least 1, not '-1'"},
      {{"run", "x", "--log", "xml"}, "sluice run: --log: takes text or json, not 'xml'"},
      {{"export", "x"},
       "sluice export: --to is missing, as in: sluice export tickets.lua --to tickets.csv "
       "--columns "
       "all"},
  };
  for (const auto& [arguments, said] : wrong) {
    const auto ended = world.sluice(arguments);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.output, "");
    EXPECT_THAT(ended.errors, testing::StartsWith(said + "\n`sluice help"));
  }
  const auto bare = world.sluice({});
  EXPECT_EQ(bare.status, 2);
  EXPECT_EQ(bare.errors, world.sluice({"--help"}).output);
}

TEST(Check, SaysOkOrPointsAtTheMistake) {
  const World world;
  world.make_job(5);
  world.make_rows(3);
  const auto good = world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.output,
            "job.lua: ok: job 'job', 5 rows a request, to 127.0.0.1:1/mock\n"
            "  is made of job.lua\n"
            "  reads      in.jsonl\n"
            "  writes     out.jsonl, out.rejects.jsonl, .sluice/job/\n"
            "  sends to   http://127.0.0.1:1/v1\n"
            "  takes      base_url = http://127.0.0.1:1/v1, set\n"
            "  input      in.jsonl is JSON lines\n"
            "  first row  {\"id\":\"T-0\",\"text\":\"row number 0 with some text to look at\"}\n");

  world.write("bad.lua", "local s = require \"sluice\"\nreturn s.pipeline {\n  nmae = \"x\",\n}\n");
  const auto bad = world.sluice({"check", "bad.lua"});
  EXPECT_EQ(bad.status, 3);
  EXPECT_THAT(bad.errors, HasSubstr("bad.lua:3:3: error: unknown option 'nmae' for pipeline\n"
                                    "     3 |   nmae = \"x\",\n"
                                    "       |   ^^^^ did you mean 'name'?"));
}

TEST(Usage, NumbersOutOfTheirRangeExitWithTwo) {
  const World world;
  world.make_job(1);
  for (const char* limit : {"-1", "0", "1.5", "nan", "1e3", "0x10", "", "99999999999999999999"}) {
    const auto refused =
        world.sluice({"run", "job.lua", "--set", "base_url=http://127.0.0.1:1", "--limit", limit});
    EXPECT_EQ(refused.status, 2) << limit;
    EXPECT_THAT(refused.errors, HasSubstr("--limit")) << limit;
  }
  const std::vector<std::pair<const char*, const char*>> wrong = {{"--port", "-1"},
                                                                  {"--port", "65536"},
                                                                  {"--seed", "-1"},
                                                                  {"--latency-ms", "-5"},
                                                                  {"--latency-ms", "nan"},
                                                                  {"--latency-ms", "1e300"},
                                                                  {"--slots", "-1"},
                                                                  {"--slots", "1.5"},
                                                                  {"--rpm", "0"},
                                                                  {"--tpm", "-100"},
                                                                  {"--tpm", "nan"},
                                                                  {"--cached-share", "nan"},
                                                                  {"--error-500", "-0.1"},
                                                                  {"--reset", "1.01"},
                                                                  {"--latency-sigma", "-1"},
                                                                  {"--price-in", "-1"},
                                                                  {"--output-tokens", "inf"},
                                                                  {"--tier-latency", "flex"},
                                                                  {"--tier-latency", "flex=soon"},
                                                                  {"--tier-refusals", "flex=2"},
                                                                  {"--tier-of", "flex="},
                                                                  {"--aws-key", "ID"},
                                                                  {"--token-life", "soon"}};
  for (const auto& [option, value] : wrong)
    EXPECT_EQ(world.sluice({"mock", option, value}).status, 2) << option << ' ' << value;
}

TEST(Check, ShowsWhatAFileReadsWritesAndReaches) {
  const World world;
  world.write("helper.lua", "return 'text'");
  world.write("prompt.md", "Say it.");
  world.write("job.lua", R"lua(
local s = require "sluice"
local helper = require "helper"
local name = "SLUICE_TEST" .. "_KEY"
return s.pipeline {
  name = "job", checkpoint = { share = "/tmp/sluice-test-shared" },
  s.read { "data/*.jsonl", "-" },
  s.pack { system = s.file "prompt.md", user = "{{text}}" },
  s.dispatch {
    s.openai { model = "m\27[31m", base_url = "http://stranger.test/v1", key = s.secret(name),
               ca_file = "ca.pem", proxy = "http://me:hidden@proxy.test:81" },
    s.openai { model = "m", key = s.secret "PATH", proxy = s.secret "SLUICE_TEST_PROXY" },
  },
  s.sink { "/tmp/out.jsonl" },
}
)lua");
  const auto seen = world.sluice({"check", "job.lua"});
  EXPECT_EQ(seen.status, 0) << seen.errors;
  EXPECT_EQ(
      seen.output,
      "job.lua: ok: job 'job', 1 row a request, to stranger.test/m [31m, openai/m\n"
      "  is made of job.lua, helper.lua, prompt.md\n"
      "  reads      data/*.jsonl, standard input, /tmp/sluice-test-shared/*/, ca.pem\n"
      "  writes     /tmp/out.jsonl, /tmp/out.rejects.jsonl, /tmp/sluice-test-shared/job/\n"
      "  sends to   http://stranger.test/v1 (through the proxy proxy.test:81), "
      "https://api.openai.com/v1 (through the proxy that a variable names)\n"
      "  costs      not known for stranger.test/m [31m, openai/m: no price (`sluice prices`); "
      "price = 0 where it costs nothing\n"
      "  variables  PATH, SLUICE_TEST_KEY (not set), SLUICE_TEST_PROXY (not set)\n"
      "  warning    data/*.jsonl: no input file matches this pattern; a run would end with 5\n");
}

TEST(Check, LibrariesAreFoldersThatTheCommandLineNames) {
  const World world;
  std::filesystem::create_directories(world.path("jobs"));
  std::filesystem::create_directories(world.path("lib"));
  world.write("lib/shared.lua", "return 'Say it.'");
  world.write("lib/text.md", "{{text}}");
  world.write("jobs/job.lua", R"lua(
local s = require "sluice"
return s.pipeline {
  name = "job", s.read { "in.jsonl" },
  s.pack { system = require "shared", user = s.file "text.md" },
  s.dispatch { s.openai { model = "m", base_url = "http://127.0.0.1:1/v1" } },
  s.sink { "out.jsonl" },
}
)lua");
  const auto without = world.sluice({"check", "jobs/job.lua"});
  EXPECT_EQ(without.status, 3);
  EXPECT_THAT(without.errors, HasSubstr("cannot read 'jobs/shared.lua'"));
  EXPECT_THAT(without.errors, HasSubstr("--lib FOLDER or SLUICE_LIB adds another folder"));
  const auto with = world.sluice({"check", "jobs/job.lua", "--lib", "lib"});
  EXPECT_EQ(with.status, 0) << with.errors;
  EXPECT_THAT(with.output, HasSubstr("is made of jobs/job.lua, lib/shared.lua, lib/text.md\n"));
  EXPECT_EQ(world.sluice({"check", "jobs/job.lua", "--lib", "nowhere"}).status, 2);
}

TEST(Check, NeedsNoSecret) {
  const World world;
  world.make_job(1, "key = s.secret \"SLUICE_TEST_UNSET\"");
  EXPECT_EQ(world.sluice({"check", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"}).status,
            0);
  const auto run = world.sluice({"run", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(run.status, 3);
  EXPECT_THAT(run.errors, HasSubstr("export SLUICE_TEST_UNSET="));
}

TEST(Status, OfAJobThatNeverRanSaysSo) {
  const World world;
  world.make_job(1);
  const auto status = world.sluice({"status", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(status.status, 5);
  EXPECT_THAT(status.errors, HasSubstr(".sluice/job"));
}

TEST(Run, SaysThatTheInputIsMissing) {
  const World world;
  world.make_job(1);
  const auto run = world.sluice({"run", "job.lua", "--set", "base_url=http://127.0.0.1:1/v1"});
  EXPECT_EQ(run.status, 5);
  EXPECT_THAT(run.errors, HasSubstr("in.jsonl: there is no such input file"));
}

}  // namespace
}  // namespace sluice::cli
