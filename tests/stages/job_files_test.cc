#include "job/job_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class JobFiles : public testing::Test {
 protected:
  JobFiles() {
    fs::create_directories(scratch_.path("data"));
    fs::create_directories(scratch_.path("other"));
    scratch_.write("data/a.jsonl", "{}\n");
    fs::create_directory_symlink(scratch_.path("data"), scratch_.path("link"));
    fs::current_path(scratch_.path("data/.."));
    job_.directory = ".sluice/job";
    PipelineSpec spec;
    spec.checkpoint.directory = job_.directory;
    job_.questions = {spec};
  }
  ~JobFiles() override { fs::current_path("/"); }

  // What is wrong with a job that reads `input` and writes these; "" for nothing.
  std::string wrong(const std::string& input, const std::string& sink,
                    const std::string& rejects = "r.jsonl") {
    job_.questions[0].read.paths = {input};
    job_.questions[0].sink = {.path = sink, .rejects = rejects, .keep_row = false, .keep = {}};
    const auto apart = job::keep_apart(job_);
    if (apart) return "";
    EXPECT_EQ(apart.error().code, core::ErrorCode::pipeline);
    return apart.error().text();
  }
  std::string absolute(const std::string& name) const { return scratch_.path(name); }

  const Scratch scratch_;
  JobSpec job_;
};

TEST_F(JobFiles, OfDifferentNamesAreApart) {
  EXPECT_EQ(wrong("data/*.jsonl", "out.jsonl"), "");
  EXPECT_EQ(wrong("data/*.jsonl", "data/out.json"), "");
  EXPECT_EQ(wrong("data/*.jsonl", "data/deeper/out.jsonl"), "") << "a star is for one folder";
  EXPECT_EQ(wrong("data/*", "data/.hidden"), "") << "a star is for no dot";
  EXPECT_EQ(wrong("data/a.jsonl", "data/out.jsonl"), "");
  EXPECT_EQ(wrong("-", "out.jsonl"), "");
}

TEST_F(JobFiles, APatternThatWillFindTheOutputIsRefusedBeforeTheFirstRun) {
  EXPECT_THAT(wrong("data/*.jsonl", "data/out.jsonl"),
              HasSubstr("data/*.jsonl: this pattern of s.read fits the output of this job "
                        "(data/out.jsonl), so that it would be read as input: give that another"));
  const std::pair<std::string, std::string> kSame[] = {
      {"*.jsonl", "out.jsonl"},
      {"./*.jsonl", "out.jsonl"},
      {"data/*.jsonl", "./data//out.jsonl"},
      {"data/*.jsonl", absolute("data/out.jsonl")},
      {absolute("data/*.jsonl"), "data/out.jsonl"},
      {"data/*.jsonl", "link/out.jsonl"},
      {"link/*.jsonl", "data/out.jsonl"},
      {"l*k/*.jsonl", "data/out.jsonl"},
      {"d?ta/o[t-v]t*", "data/out.jsonl"},
      {"other/../data/*", "data/out.jsonl"},
      {"new/*.jsonl", "new/out.jsonl"},
      {"n*/*.jsonl", "new/out.jsonl"},
      {"/*/*/*/o*.jsonl", absolute("data/out.jsonl")},
  };
  for (const auto& [input, sink] : kSame) {
    if (input.starts_with("/*/") && std::ranges::count(sink, '/') != 4) continue;  // TMPDIR
    EXPECT_THAT(wrong(input, sink), HasSubstr("fits the output")) << input << " " << sink;
    EXPECT_THAT(wrong(input, "elsewhere.json", sink), HasSubstr("fits the rejects file")) << input;
  }
}

TEST_F(JobFiles, AnInputThatIsTheOutputUnderAnotherNameIsRefused) {
  EXPECT_THAT(wrong("./out.jsonl", "out.jsonl"),
              HasSubstr("s.read would read the output of this job (out.jsonl)"));
  scratch_.write("out.jsonl", "");
  fs::create_symlink(scratch_.path("out.jsonl"), scratch_.path("data/s.jsonl"));
  const std::string why = "is the output of this job (out.jsonl) under another name";
  EXPECT_THAT(wrong("data/*.jsonl", "out.jsonl"), HasSubstr("data/s.jsonl: " + why));
  EXPECT_THAT(wrong("data/s.jsonl", "out.jsonl"), HasSubstr("would read the output"));
  fs::remove(scratch_.path("data/s.jsonl"));
  fs::create_hard_link(scratch_.path("out.jsonl"), scratch_.path("data/h.jsonl"));
  EXPECT_THAT(wrong("data/*.jsonl", "out.jsonl"), HasSubstr("data/h.jsonl: " + why));
}

TEST_F(JobFiles, TheCheckpointIsNoInputAndNoOutput) {
  EXPECT_THAT(wrong(".sluice/*/*", "out.jsonl"), HasSubstr("fits this job's checkpoint"));
  fs::create_directories(scratch_.path(".sluice/job/question-1"));
  scratch_.write(".sluice/job/question-1/answers.jsonl", "");
  EXPECT_THAT(wrong(".sluice/*/*/*.jsonl", "out.jsonl"),
              HasSubstr("answers.jsonl: is in the folder of this job's checkpoint"));
  EXPECT_THAT(wrong("data/a.jsonl", ".sluice/job/tail-0"),
              HasSubstr("is a file of the checkpoint"));
}

TEST_F(JobFiles, OutputAndRejectsAreTwoFiles) {
  const std::string why = "are one file: give each a name of its own";
  EXPECT_THAT(wrong("data/a.jsonl", "out.jsonl", "./out.jsonl"), HasSubstr(why));
  EXPECT_THAT(wrong("data/a.jsonl", "data/out.jsonl", "link/out.jsonl"), HasSubstr(why));
  scratch_.write("out.jsonl", "");
  fs::create_hard_link(scratch_.path("out.jsonl"), scratch_.path("r.jsonl"));
  EXPECT_THAT(wrong("data/a.jsonl", "out.jsonl"), HasSubstr(why));
  job_.questions.push_back(job_.questions[0]);
  job_.questions[1].sink.path = "./r.jsonl";
  job_.questions[1].sink.rejects = "r2.jsonl";
  job_.questions[0].sink = {.path = "o1", .rejects = "r.jsonl", .keep_row = false, .keep = {}};
  EXPECT_THAT(job::keep_apart(job_).error().text(), HasSubstr(why)) << "of two questions";
}

TEST_F(JobFiles, AnExportIsNoneOfThemAndNoInputOfTheNextRun) {
  ASSERT_EQ(wrong("data/*.jsonl", "out.jsonl"), "");
  EXPECT_TRUE(job::keep_export_apart(job_, "copy.jsonl").has_value());
  EXPECT_THAT(job::keep_export_apart(job_, "./out.jsonl").error().text(), HasSubstr("own files"));
  EXPECT_THAT(job::keep_export_apart(job_, "link/a.jsonl").error().text(), HasSubstr("own files"));
  EXPECT_THAT(job::keep_export_apart(job_, "data/copy.jsonl").error().text(),
              HasSubstr("the next run would read the export as input"));
}

}  // namespace
}  // namespace sluice::stages
