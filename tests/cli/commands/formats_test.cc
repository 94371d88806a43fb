// Formats in and out, by the real program: killed at random moments, then held against the input.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <random>

#include "tests/cli/world.h"
#include "tests/scale.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr int kRows = 2000;

class Formats : public testing::Test {
 protected:
  Formats() {
    std::string file = "id;subject;body\r\n";
    for (int i = 0; i < kRows; ++i)
      file += fmt::format("T-{};\"a \"\"quoted\"\"; subject\r\nof {}\";=1+{}\r\n", i, i, i);
    world_.write("in.csv", file);
    world_.start_mock({"--latency-ms", "5"});
    make_job("s.sink { \"out.csv\" }");
  }
  void make_job(const std::string& sink, const std::string& read = "\"in.csv\"") const {
    world_.write("job.lua", fmt::format(R"lua(local s = require "sluice"
return s.pipeline {{ name = "job",
  s.read {{ {} }},
  s.pack {{ user = "{{{{subject}}}}", answer = {{ queue = s.one_of {{ "a", "b" }}, size = s.int }} }},
  s.dispatch {{ s.openai {{ model = "gpt-5.4-mini", base_url = s.param("base_url", "{}") }} }},
  {} }}
)lua",
                                        read, world_.base_url(), sink));
  }
  // Each row once, its cells as they were: "" where that is so.
  std::string wrong_with_output() const {
    const std::string out = world_.read("out.csv");
    const std::string header = "id,subject,body,queue,size\r\n";
    if (!out.starts_with(header)) return "header: " + out.substr(0, 80);
    std::map<int, int> seen;
    std::size_t at = header.size();
    while (at < out.size()) {
      const int id = std::atoi(out.c_str() + at + 2);
      const std::string row =
          fmt::format("T-{},\"a \"\"quoted\"\"; subject\r\nof {}\",=1+{},", id, id, id);
      if (out.compare(at, row.size(), row) != 0) return "row: " + out.substr(at, 120);
      ++seen[id];
      at = out.find("\r\n", at + row.size());
      if (at == out.npos) return "cut off";
      at += 2;
    }
    if (seen.size() != kRows) return fmt::format("{} rows", seen.size());
    for (const auto& [id, times] : seen)
      if (times != 1) return fmt::format("T-{} stands there {} times", id, times);
    return "";
  }

  World world_;
};

TEST_F(Formats, EveryRowEndsOnceInTheOutputHoweverOftenTheRunIsKilled) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::uint64_t kills = from_environment("SLUICE_KILLS", at_scale(5, 3));
  for (std::uint64_t i = 0; i < kills; ++i) {
    const auto run = world_.start(world_.run_job());
    world_.wait_for_requests(world_.mock_stats().requests + 1 + random() % (kRows / 8));
    run->signal(SIGKILL);
    run->wait();
    const World::Ended audit = world_.sluice({"audit", "job.lua"});
    EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
  }
  const World::Ended run = world_.sluice(world_.run_job());
  EXPECT_EQ(run.status, 0) << run.output << run.errors;
  EXPECT_EQ(wrong_with_output(), "");
  EXPECT_THAT(world_.sluice({"audit", "job.lua"}).output, HasSubstr("2,000 lines"));
}

TEST_F(Formats, AnEditedRowIsFoundByAudit) {
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  std::string out = world_.read("out.csv");
  out.replace(out.find("quoted"), 6, "QUOTED");
  world_.write("out.csv", out);
  const World::Ended audit = world_.sluice({"audit", "job.lua"});
  EXPECT_EQ(audit.status, 1);
  EXPECT_THAT(audit.output, HasSubstr("missing    1"));
  EXPECT_THAT(audit.output, HasSubstr("at out.csv:2"));
}

TEST_F(Formats, CheckShowsTheColumnsAndTheFirstRow) {
  const World::Ended check = world_.sluice({"check", "job.lua"});
  EXPECT_EQ(check.status, 0) << check.errors;
  EXPECT_THAT(check.output,
              HasSubstr("input      in.csv is CSV, separated by ';'; columns: id, subject, body\n"
                        "  first row  {\"id\":\"T-0\","));
}

TEST_F(Formats, AFileThatIsSomethingElseIsAnErrorOfCheckAndOfRun) {
  world_.write("in.csv", "{\"id\":1}\n{\"id\":2}\n");
  for (const auto& arguments : {std::vector<std::string>{"check", "job.lua"}, world_.run_job()}) {
    const World::Ended ended = world_.sluice(arguments);
    EXPECT_EQ(ended.status, 3) << ended.output;
    EXPECT_THAT(ended.errors, HasSubstr("in.csv: is read as CSV by its ending, but looks like JSON "
                                        "lines: set format = \"jsonl\""));
  }
}

TEST_F(Formats, CheckShowsNothingOfFilesElsewhere) {
  make_job("s.sink { \"out.csv\" }", "\"" + world_.path("in.csv") + "\"");
  const auto check = [this](const std::string& commands) {
    EXPECT_EQ(
        std::system(
            ("cd '" + world_.path("") + "' && " + "{ " + commands + "; } > log 2>&1").c_str()),
        0);
    return world_.read("log");
  };
  check("mkdir -p here && mv job.lua here");
  EXPECT_THAT(
      check("(cd here && '" SLUICE_PROGRAM "' check job.lua)"),
      AllOf(HasSubstr("in.csv is CSV, separated by ';'; not shown"), Not(HasSubstr("T-0"))));
  EXPECT_THAT(check("'" SLUICE_PROGRAM "' check here/job.lua"), HasSubstr("T-0"));
  EXPECT_THAT(check("mv here/job.lua . && cd / && '" SLUICE_PROGRAM "' check '" +
                    world_.path("job.lua") + "'"),
              HasSubstr("T-0"));
}

TEST_F(Formats, CheckTakesFilesWithoutRows) {
  for (const char* text : {"", "id;subject\n"}) {
    world_.write("in.csv", text);
    const World::Ended check = world_.sluice({"check", "job.lua"});
    EXPECT_THAT(check.status, AnyOf(0, 3)) << check.errors;
    EXPECT_THAT(check.output, Not(HasSubstr("first row")));
  }
}

// Of first jobs: a list of objects, a folder of texts.
TEST_F(Formats, ListsAndFoldersOfTextsAreInputsToo) {
  world_.write("in.json",
               "[\n  {\n    \"id\": 1,\n    \"subject\": \"a\"\n  },\n  { \"id\": 2, \"subject\": "
               "5.50 }\n]\n");
  make_job("s.sink { \"out.csv\" }", "\"in.json\"");
  const World::Ended list = world_.sluice(world_.run_job());
  EXPECT_EQ(list.status, 0) << list.output << list.errors;
  EXPECT_THAT(world_.lines("out.csv"),
              UnorderedElementsAre(StartsWith("id,subject,queue,size"), StartsWith("1,a,"),
                                   StartsWith("2,5.50,")));
  EXPECT_EQ(world_.sluice({"audit", "job.lua"}).status, 0);

  ASSERT_EQ(std::system(("mkdir '" + world_.path("texts") + "'").c_str()), 0);
  world_.write("texts/a.txt", "one\ntwo\n");
  world_.write("texts/b.txt", "caf\xE9\n");
  make_job("s.sink { \"files.jsonl\" }", "s.files \"texts/*.txt\", key = \"name\"");
  std::string job = world_.read("job.lua");
  job.replace(job.find("{{subject}}"), 11, "{{text}}");
  world_.write("job.lua", job);
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 1);
  EXPECT_THAT(world_.lines("files.jsonl"), ElementsAre(StartsWith("{\"name\":\"a.txt\",")));
  EXPECT_THAT(world_.read("files.rejects.jsonl"),
              HasSubstr("texts/b.txt:1: this file is not UTF-8: if it is in Windows-1252"));
}

TEST_F(Formats, StandardInputIsReadByFormat) {
  make_job("s.sink { \"out.jsonl\" }", "\"-\", format = \"csv\", key = \"id\"");
  world_.write("in.csv", "id,subject\n1,a\n2,\n");
  ASSERT_EQ(std::system(("cd '" + world_.path("") +
                         "' && '" SLUICE_PROGRAM "' run job.lua < in.csv > log 2>&1")
                            .c_str()) >>
                8,
            1);
  EXPECT_THAT(world_.read("out.jsonl"), StartsWith("{\"id\":\"1\",\"queue\":"));
  EXPECT_THAT(world_.read("out.rejects.jsonl"), HasSubstr("empty_prompt"));
}

// Files as people have them: `check` says of each what it is, or what is wrong with it and what to do.
TEST(BrokenFiles, AreToldByCheckWithPlaceAndAdvice) {
  struct File {
    std::string name;
    std::string bytes;
    std::string told;
  };
  const auto wide = [](std::string_view text) {
    std::string bytes;
    for (const char c : text) bytes.append(1, c).append(1, '\0');
    return bytes;
  };
  const std::string zeros(100, '\0');
  const std::vector<File> files = {
      {"a.csv", "\xFF\xFE" + wide("id,text\n1,a\n"), R"({"id":"1","text":"a"})"},
      {"b.csv", wide("id,text\n1,a\n"), "set encoding = \"utf-16\""},
      {"c.csv", "id;text\n1;a,b\n", "separated by ';'"},
      {"d.csv", "id,text\n1,\"open\n2,b\n", "d.csv:2: the quote of a cell of this row is never"},
      {"e.csv", "Report\nunit,EUR\nid,text\n1,a\n", "e.csv:2: all of the first 3 rows fail"},
      {"f.csv", "", "f.csv: this input has no rows"},
      {"g.csv", "id,text\n", "g.csv: this input has no rows"},
      {"h.json", R"({"data":[{"id":1}]})", "name that: path = \"data\""},
      {"i.parquet", "PAR1 and no more of it", "i.parquet: "},
      {"j.csv", "PAR1" + zeros, "set format = \"parquet\""},
      {"k.csv", "{\"id\":1}\n{\"id\":2}\n", "set format = \"jsonl\""},
      {"l.jsonl", "id,text\n1,a\n", "looks like CSV with the columns id, text"},
      {"m.csv", "id,text\n1,h\xE4llo\n", "set encoding = \"latin1\""},
      {"n.csv", "id,text\n1,a,b,c\n", "4 cells where there are 2 columns"},
      {"o.csv", "id,text,text\n1,a,b\n", "columns 2 and 3 of the header are both named"},
      {"p.csv", "PK\x03\x04" + zeros, "save the sheet as CSV"},
      {"q.jsonl", "[{\"id\":1},\n{\"id\":2}]\n", "jq -c '.[]' makes lines of it"},
      {"r.json", R"([{"id":1,"text":"a"},{"id":2,"te)", "r.json:1:33: the file ends inside"},
      {"s.csv.gz", std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03", 10), "it is cut off"},
      {"t.csv", "nr,text\n1,a\n", "the row has no key field 'id' (it has: nr, text)"},
      {"u.jsonl", "{\n \"id\": 1\n}\n", "jq -c . makes lines of them"},
      {"v.jsonl", "{\"id\":1,\"text\":\"a\"}\n{\"id\":2,}\n", "v.jsonl:2:9: "},
      {"w.csv", "SQLite format 3" + zeros, "s.sqlite { \"x.db\""},
      {"x.parquet", "id,text\n1,a\n", "x.parquet: is read as Parquet by its ending, but is not"},
  };
  const World world;
  for (const File& file : files) {
    world.write(file.name, file.bytes);
    world.write("job.lua", fmt::format(R"lua(
local s = require "sluice"
return s.pipeline {{ name = "job", s.read {{ "{}", key = "id" }}, s.pack {{ user = "{{{{text}}}}" }},
  s.dispatch {{ s.openai {{ model = "m", base_url = "http://127.0.0.1:1/v1", price = 0 }} }}, s.sink {{ "out.jsonl" }} }}
)lua",
                                       file.name));
    const auto ended = world.sluice({"check", "job.lua"});
    EXPECT_THAT(ended.output + ended.errors, testing::HasSubstr(file.told));
  }
}

}  // namespace
}  // namespace sluice::cli
