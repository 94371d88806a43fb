// sluice export: the answers once more, in every form, without asking anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ExportCommand : public testing::Test {
 protected:
  void finish_job(std::size_t rows, int pack = 5) {
    world_.make_rows(rows);
    world_.make_job(pack);
    world_.start_mock();
    ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
    world_.stop_mock();
  }
  World::Ended export_to(const std::string& to, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"export", "job.lua", "--set", "base_url=http://none",
                                          "--to",   to};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world_.sluice(arguments);
  }
  // By the tools that everybody has.
  std::string inflated(const std::string& tool, const std::string& name) const {
    Process tar(world_.path(""), "inflate", {"/usr/bin/env", tool, "-dc", name});
    EXPECT_EQ(tar.wait(), 0) << tar.errors();
    return tar.output();
  }
  World world_;
};

TEST_F(ExportCommand, WithoutColumnsItIsTheSinkAgain) {
  finish_job(60);
  const auto ended = export_to("copy/out.jsonl");
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output, "job: 60 answers written to copy/out.jsonl\n");
  EXPECT_EQ(world_.read("copy/out.jsonl"), world_.read("out.jsonl"));
  EXPECT_FALSE(std::filesystem::exists(world_.path("copy/out.jsonl.part")));
}

TEST_F(ExportCommand, CompressesByItsName) {
  finish_job(60);
  ASSERT_EQ(export_to("a.jsonl.gz").status, 0);
  ASSERT_EQ(export_to("a.jsonl.zst").status, 0);
  EXPECT_EQ(inflated("gzip", "a.jsonl.gz"), world_.read("out.jsonl"));
  EXPECT_EQ(inflated("zstd", "a.jsonl.zst"), world_.read("out.jsonl"));
}

TEST_F(ExportCommand, AllColumnsComeFromTheInputInItsOrder) {
  finish_job(40);
  ASSERT_EQ(export_to("all.jsonl", {"--columns", "all"}).status, 0);
  const std::vector<std::string> rows = world_.lines("in.jsonl");
  std::vector<std::string> answers = world_.lines("out.jsonl");
  std::vector<std::string> expected;
  for (const std::string& row : rows) {
    const std::string key = row.substr(0, row.find(','));
    const auto answer = std::ranges::find_if(
        answers, [&](const std::string& line) { return line.starts_with(key + ","); });
    ASSERT_NE(answer, answers.end());
    expected.push_back(row.substr(0, row.size() - 1) + answer->substr(key.size()));
  }
  EXPECT_EQ(world_.lines("all.jsonl"), expected);
}

TEST_F(ExportCommand, NamedColumnsOfRowAndAnswer) {
  finish_job(3, 1);
  ASSERT_EQ(export_to("some.jsonl", {"--columns", "colour,text"}).status, 0);
  const std::vector<std::string> lines = world_.lines("some.jsonl");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[1], testing::MatchesRegex("\\{\"colour\":\"(red|green|blue)\",\"text\":\"row "
                                              "number 1 with some text to look at\"\\}"));
  const auto wrong = export_to("wrong.jsonl", {"--columns", "colour,taste"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.errors, HasSubstr("no row and no answer has a column 'taste'"));
  EXPECT_FALSE(std::filesystem::exists(world_.path("wrong.jsonl")));
  EXPECT_FALSE(std::filesystem::exists(world_.path("wrong.jsonl.part")));
}

TEST_F(ExportCommand, CsvQuotesAsRfc4180Says) {
  world_.write("in.jsonl",
               R"({"id":"T-0","text":"say \"hi\", twice","n":1.5,"deep":{"a":[1,2]},"none":null})"
               "\n"
               R"({"id":"T-1","text":"two\nlines","n":true,"empty":""})"
               "\n");
  world_.make_job(1);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  ASSERT_EQ(export_to("some.csv", {"--columns", "id,text,n,deep,none,empty"}).status, 0);
  EXPECT_EQ(world_.read("some.csv"),
            "id,text,n,deep,none,empty\r\n"
            "T-0,\"say \"\"hi\"\", twice\",1.5,\"{\"\"a\"\":[1,2]}\",,\r\n"
            "T-1,\"two\nlines\",true,,,\"\"\r\n");
  ASSERT_EQ(export_to("sink.csv").status, 0);
  EXPECT_THAT(world_.read("sink.csv"), testing::StartsWith("id,colour,size\r\nT-"));
  ASSERT_EQ(export_to("all.csv", {"--columns", "all"}).status, 0);
  EXPECT_THAT(world_.read("all.csv"),
              testing::StartsWith("id,text,n,deep,none,empty,colour,size\r\nT-0,"));
}

TEST_F(ExportCommand, RowsThatComeTwiceAreWrittenTwiceAndPendingOnesNot) {
  world_.write("in.jsonl",
               "{\"id\":\"T-0\",\"text\":\"a\",\"n\":1}\n{\"id\":\"T-1\",\"text\":\"b\",\"n\":2}\n"
               "{\"id\":\"T-0\",\"text\":\"a\",\"n\":3}\n");
  world_.make_job(1);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  world_.write("in.jsonl", world_.read("in.jsonl") +
                               "{\"id\":\"T-1\",\"text\":\"b\",\"n\":4}\n"
                               "{\"id\":\"T-9\",\"text\":\"new\",\"n\":5}\n");
  ASSERT_EQ(export_to("n.csv", {"--columns", "n"}).status, 0);
  EXPECT_THAT(world_.lines("n.csv"), ElementsAre("n\r", "1\r", "2\r", "3\r"));
}

TEST_F(ExportCommand, WithoutAKeyTheRowIsInTheSinkAlready) {
  world_.make_rows(10);
  world_.make_job(5);
  std::string job = world_.read("job.lua");
  job.erase(job.find(", key = \"id\""), 12);
  world_.write("job.lua", job);
  world_.start_mock();
  ASSERT_EQ(world_.sluice(world_.run_job()).status, 0);
  ASSERT_EQ(export_to("all.jsonl", {"--columns", "all"}).status, 0);
  EXPECT_EQ(world_.read("all.jsonl"), world_.read("out.jsonl"));
}

TEST_F(ExportCommand, RefusesWhatItMustNotWrite) {
  finish_job(5);
  const std::string before = world_.read("out.jsonl");
  for (const std::string own : {"out.jsonl", "./out.jsonl", "out.rejects.jsonl", "in.jsonl"}) {
    const auto ended = export_to(own);
    EXPECT_EQ(ended.status, 2) << own;
    EXPECT_THAT(ended.errors, HasSubstr("one of the job's own files"));
  }
  EXPECT_EQ(world_.read("out.jsonl"), before);
  const auto other = export_to("out.xlsx");
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.errors, HasSubstr("name the export .jsonl, .json, .csv"));
  const auto nowhere = export_to("/proc/out.jsonl");
  EXPECT_EQ(nowhere.status, 5);
  EXPECT_THAT(nowhere.errors, HasSubstr("/proc/out.jsonl.part: cannot make the file"));
}

// What cannot be read again has no fields to give.
TEST_F(ExportCommand, AllColumnsOfStandardInputAreRefusedWithWhatToDo) {
  world_.make_rows(8);
  world_.make_job(1);
  std::string job = world_.read("job.lua");
  job.replace(job.find("\"in.jsonl\""), 10, "\"-\"");
  world_.write("job.lua", job);
  world_.start_mock();
  Process run(world_.path(""), "piped",
              {"/bin/sh", "-c", "\"$0\" run job.lua --set base_url=\"$1\" < in.jsonl",
               SLUICE_PROGRAM, world_.base_url()});
  ASSERT_EQ(run.wait(), 0) << run.errors();
  for (const char* to : {"all.jsonl", "all.csv"}) {
    const auto ended = export_to(to, {"--columns", "all"});
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.errors, HasSubstr("standard input cannot be read again"));
    EXPECT_THAT(ended.errors, HasSubstr("leave --columns out"));
    EXPECT_FALSE(std::filesystem::exists(world_.path(to)));
  }
  EXPECT_EQ(export_to("some.csv", {"--columns", "id,colour"}).status, 0);
  EXPECT_EQ(world_.lines("some.csv").size(), 9u);
  EXPECT_EQ(export_to("copy.jsonl").status, 0);
}

TEST_F(ExportCommand, AnswersWhoseRowsAreGoneAreCountedAndSaid) {
  finish_job(20);
  const std::vector<std::string> rows = world_.lines("in.jsonl");
  std::string changed;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (i % 4 != 0) changed += rows[i] + "\n";
  world_.write("in.jsonl", changed);
  const auto some = export_to("all.jsonl", {"--columns", "all"});
  EXPECT_EQ(some.status, 1);
  EXPECT_EQ(some.output, "job: 15 answers written to all.jsonl\n");
  EXPECT_THAT(some.errors, HasSubstr("5 answers are missing in it"));
  EXPECT_EQ(world_.lines("all.jsonl").size(), 15u);

  world_.write("in.jsonl", "{\"id\":\"other\",\"text\":\"x\"}\n");
  const auto none = export_to("none.jsonl", {"--columns", "all"});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.errors, HasSubstr("none of the 20 answered rows is in the input any more"));
  EXPECT_FALSE(std::filesystem::exists(world_.path("none.jsonl")));
  EXPECT_EQ(export_to("copy.jsonl").status, 0) << "without --columns the input is not needed";
}

}  // namespace
}  // namespace sluice::cli
