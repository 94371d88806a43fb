#include "job/file_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/support.h"
#include "tests/stages/written_past.h"

namespace sluice::stages {
namespace {

using store::Position;
using testing::HasSubstr;

class FileSink : public testing::Test {
 protected:
  Position latest() const { return past_.all.front().mark.position; }
  // What the sink says when it is opened to go on, or to begin anew.
  core::Result<Position> open(Position from) {
    sink_.reset();
    sink_ = job::make_file_sink(out_, rejects_, [this](std::string text) { notice_ += text; });
    return sink_->open(from, past_);
  }
  // Refused, with both files as they were and as they are named.
  std::string refused(Position from) {
    const std::string out = Scratch::read(out_);
    const std::string rejects = Scratch::read(rejects_);
    const auto opened = open(from);
    EXPECT_FALSE(opened.has_value());
    EXPECT_EQ(Scratch::read(out_), out);
    EXPECT_EQ(Scratch::read(rejects_), rejects);
    return opened.has_value() ? "" : opened.error().text();
  }

  const Scratch scratch_;
  std::string out_ = scratch_.path("out.jsonl");
  std::string rejects_ = scratch_.path("rejects.jsonl");
  WrittenPast past_;
  std::unique_ptr<checkpoint::Projection> sink_;
  std::string notice_;
};

TEST_F(FileSink, AppendsAndSaysWhereItStands) {
  out_ = scratch_.path("deep/er/out.jsonl");
  ASSERT_EQ(open({}), Position{});
  ASSERT_TRUE(sink_->append("a\nb\n", "r\n").has_value());
  EXPECT_EQ(sink_->write_out()->position, (Position{4, 2}));
  ASSERT_TRUE(sink_->append("c\n", "").has_value());
  EXPECT_EQ(sink_->write_out()->position, (Position{6, 2}));
  EXPECT_TRUE(sink_->sync().has_value());
  EXPECT_EQ(Scratch::read(out_), "a\nb\nc\n");
  EXPECT_EQ(Scratch::read(rejects_), "r\n");
}

TEST_F(FileSink, GoesOnBehindItsMark) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {"r\n"});
  EXPECT_EQ(open(latest()), (Position{4, 2}));
  ASSERT_TRUE(sink_->append("c\n", "").has_value());
  EXPECT_EQ(sink_->write_out()->position, (Position{6, 2}));
  EXPECT_EQ(Scratch::read(out_), "a\nb\nc\n");
}

TEST_F(FileSink, CutsBackWhatAKilledRunWroteBehindTheMark) {
  past_.run(out_, rejects_, {"a\n"}, {}, {"bcd\n", "efg\n"});
  scratch_.write("out.jsonl", "a\nbcd\nef");  // torn
  EXPECT_EQ(open(latest()), (Position{2, 0}));
  ASSERT_TRUE(sink_->append("bcd\n", "").has_value());
  EXPECT_EQ(sink_->write_out()->position, (Position{6, 0}));
  EXPECT_EQ(Scratch::read(out_), "a\nbcd\n");
}

TEST_F(FileSink, PagesThatAPowerCutLostBehindTheMarkAreWrittenAgain) {
  past_.run(out_, rejects_, {"a\n"}, {}, {"bcd\n", "efg\n"});
  scratch_.write("out.jsonl", std::string("a\n\0\0\0\0ef\0\0", 10));
  EXPECT_EQ(open(latest()), (Position{2, 0}));
  EXPECT_EQ(Scratch::read(out_), "a\n");
}

TEST_F(FileSink, LinesThatSomebodyAppendedAreNotCut) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {"r\n"});
  scratch_.write("out.jsonl", "a\nb\nmine\n");
  const std::string why = refused(latest());
  EXPECT_THAT(why, HasSubstr("out.jsonl: 5 bytes at its end, behind the first 4 bytes, were not"));
  EXPECT_THAT(why, HasSubstr("nothing is asked twice"));
  EXPECT_THAT(refused({}), HasSubstr("5 bytes at its end")) << "nor for a new generation";
}

TEST_F(FileSink, LinesAppendedToWhatAKilledRunWroteAreNotCut) {
  past_.run(out_, rejects_, {"a\n"}, {}, {"b\n"});
  scratch_.write("out.jsonl", "a\nb\nmine\n");
  EXPECT_THAT(refused(latest()), HasSubstr("5 bytes at its end, behind the first 4 bytes"));
}

TEST_F(FileSink, AFileInTheOutputsPlaceIsNotTouchedWhateverItsLength) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {"r\n"});
  for (const std::string foreign : {"x\n", "wxyz", "much longer than it was\n"}) {
    scratch_.write("out.jsonl", foreign);
    EXPECT_THAT(refused(latest()), HasSubstr("is not what this job left there (4 bytes; it has "))
        << foreign;
    EXPECT_THAT(refused({}), HasSubstr("is not what this job left there")) << foreign;
  }
  EXPECT_EQ(Scratch::read(rejects_), "r\n");
}

TEST_F(FileSink, AFileInTheRejectsPlaceKeepsTheOutputFromBeingCutToo) {
  past_.run(out_, rejects_, {"a\n"}, {}, {"b\n"});
  scratch_.write("rejects.jsonl", "mine\n");
  EXPECT_THAT(refused(latest()), HasSubstr("rejects.jsonl: already holds something"));
  EXPECT_EQ(Scratch::read(out_), "a\nb\n");
}

TEST_F(FileSink, AFirstRunTakesNoFileThatHoldsSomething) {
  scratch_.write("out.jsonl", "mine\n");
  EXPECT_THAT(refused({}), HasSubstr("already holds something that this job did not write"));
}

TEST_F(FileSink, AFileThatWasRemovedIsWrittenFromTheBeginning) {
  past_.run(out_, rejects_, {"a\n"}, {"r\n"});
  std::filesystem::remove(out_);
  EXPECT_EQ(open(latest()), Position{});
  EXPECT_EQ(Scratch::read(rejects_), "");
}

TEST_F(FileSink, AnOlderCopyIsKnownByItsLines) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {});
  scratch_.write("out.jsonl", "a\n");
  EXPECT_EQ(open(latest()), Position{});
  EXPECT_EQ(Scratch::read(out_), "");
}

TEST_F(FileSink, ACopyInAnotherPlaceIsKnownByItsLastBytes) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {});
  std::filesystem::copy(out_, scratch_.path("copy"));
  std::filesystem::remove(out_);
  out_ = scratch_.path("copy");
  EXPECT_EQ(open(latest()), (Position{4, 0}));
}

TEST_F(FileSink, AnEditAtTheEndIsNoticedInTheSameFile) {
  const std::string long_line(200'000, 'x');
  past_.run(out_, rejects_, {long_line + "\n"}, {});
  std::string edited = Scratch::read(out_);
  edited[edited.size() - job::kProofBytes] = 'y';
  scratch_.write("out.jsonl", edited);
  EXPECT_THAT(refused(latest()), HasSubstr("it was edited"));
  edited[edited.size() - job::kProofBytes] = 'x';
  scratch_.write("out.jsonl", edited);
  EXPECT_EQ(open(latest()), (Position{200'001, 0}));
}

TEST_F(FileSink, AFileOfAnEarlierGenerationIsKnownByItsOwnMark) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {});
  const std::string first = out_;
  out_ = scratch_.path("other.jsonl");
  past_.run(out_, rejects_, {"c\n"}, {});
  out_ = first;
  EXPECT_EQ(open({}), Position{});
  EXPECT_EQ(Scratch::read(out_), "");
  scratch_.write("out.jsonl", "not what it was\n");
  EXPECT_THAT(refused({}), HasSubstr("is not what this job left there"));
}

TEST_F(FileSink, WithoutAProofTheWholeFileIsHeldAgainstTheLines) {
  past_.run(out_, rejects_, {"a\n", "b\n"}, {"r\n"});
  past_.all[0].mark.proof = {};
  EXPECT_EQ(open(latest()), (Position{4, 2}));
  scratch_.write("out.jsonl", "x\nb\n");
  EXPECT_THAT(refused(latest()), HasSubstr("is not what this job left there"));
}

TEST_F(FileSink, RejectsThatWereTakenBackMayStandThereOrNot) {
  past_.run(out_, rejects_, {}, {"r\n", "s\n", "t\n"});
  WrittenPast::Generation& g = past_.all[0];
  g.mark.position.rejects = 0;
  g.mark.proof.rejects.clear();
  g.marked_rejects = 0;
  g.rejects = {{"r\n", true}, {"s\n"}, {"t\n"}, {"r\n"}};
  for (const std::string there : {"r\ns\nt\n", "s\nt\nr\n", "s\nt\n", "r\ns\nt\nr\n", ""}) {
    scratch_.write("rejects.jsonl", there);
    EXPECT_EQ(open({}), Position{}) << there;
  }
  g.rejects = {{"r\n", true}, {"r\n"}, {"s\n"}};
  scratch_.write("rejects.jsonl", "r\ns\n");
  EXPECT_EQ(open({}), Position{}) << "of two equal lines one is missing";
  scratch_.write("rejects.jsonl", "r\nmine\n");
  EXPECT_THAT(refused({}), HasSubstr("rejects.jsonl: already holds something"));
}

TEST_F(FileSink, WhatAMachineTookDownFromTheCheckpointIsKeptBesideAndNamed) {
  past_.run(out_, rejects_, {"a\n"}, {}, {"b\n"});
  scratch_.write("out.jsonl", "a\nb\nc\nd\n");
  past_.lost = true;
  EXPECT_EQ(open(latest()), (Position{2, 0}));
  EXPECT_EQ(Scratch::read(out_), "a\n");
  EXPECT_EQ(Scratch::read(out_ + ".unproven"), "c\nd\n");
  EXPECT_THAT(notice_, HasSubstr("the last 4 bytes are not in the checkpoint. They are kept in " +
                                 out_ + ".unproven"));
  scratch_.write("out.jsonl", "a\nx");
  EXPECT_EQ(open(latest()), (Position{2, 0}));
  EXPECT_EQ(Scratch::read(out_ + ".unproven-2"), "x");
  scratch_.write("out.jsonl", "mine\n");
  EXPECT_THAT(refused(latest()), HasSubstr("is not what this job left there"));
}

TEST_F(FileSink, TwoAtOnceAreRefused) {
  ASSERT_EQ(open({}), Position{});
  const auto second =
      job::make_file_sink(scratch_.path("./out.jsonl"), scratch_.path("r"))->open({}, past_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, core::ErrorCode::busy);
  EXPECT_THAT(second.error().text(), HasSubstr("out.jsonl: is being written by "));
}

TEST_F(FileSink, OneFileUnderTwoNamesIsRefused) {
  scratch_.write("rejects.jsonl", "");
  std::filesystem::create_hard_link(rejects_, out_);
  EXPECT_THAT(refused({}), HasSubstr("rejects.jsonl: is the output as well, under another name"));
}

TEST_F(FileSink, WhatOthersWriteMeanwhileIsNotWrittenOver) {
  ASSERT_EQ(open({}), Position{});
  ASSERT_TRUE(sink_->append("a\n", "").has_value());
  ASSERT_TRUE(sink_->write_out().has_value());
  scratch_.write("out.jsonl", "a\nmine\n");
  ASSERT_TRUE(sink_->append("b\n", "").has_value());
  const auto written = sink_->write_out();
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().text(),
              HasSubstr("out.jsonl: another program has written to it while the job ran"));
  EXPECT_EQ(Scratch::read(out_), "a\nmine\n");
}

TEST_F(FileSink, SaysWhyItCannotBeOpened) {
  const std::string file = scratch_.write("file", "");
  out_ = file + "/out";
  EXPECT_FALSE(open({}).has_value());
  out_ = "/dev/null";
  EXPECT_THAT(open({}).error().text(), HasSubstr("regular file"));
}

// CSV: the same proofs, held against the lines as they stand in the file.
class CsvSink : public FileSink {
 protected:
  CsvSink() { out_ = scratch_.path("out.csv"); }
  static std::string line(int id, const std::string& text) {
    return "{\"id\":" + std::to_string(id) + ",\"text\":\"" + text + "\"}\n";
  }
};

TEST_F(CsvSink, WritesTheHeaderBeforeTheFirstLineAndOnce) {
  ASSERT_EQ(open({}), Position{});
  ASSERT_TRUE(sink_->append("", "r\n").has_value());
  EXPECT_EQ(sink_->write_out()->position, (Position{0, 2}));
  ASSERT_TRUE(sink_->append(line(1, "a, \\\"b\\\"\\nc") + line(2, ""), "").has_value());
  ASSERT_TRUE(sink_->append("{\"text\":[1,2.50],\"id\":null}\n", "").has_value());
  const std::string whole = "id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,\"\"\r\n,\"[1,2.50]\"\r\n";
  EXPECT_EQ(sink_->write_out()->position, (Position{whole.size(), 2}));
  EXPECT_EQ(Scratch::read(out_), whole);
}

TEST_F(CsvSink, GoesOnBehindItsMarkWithTheSameColumns) {
  past_.run(out_, rejects_, {line(1, "a\\nb")}, {});
  const std::string before = Scratch::read(out_);
  ASSERT_EQ(open(latest()), (Position{before.size(), 0}));
  ASSERT_TRUE(sink_->append("{\"text\":\"c\",\"id\":2}\n", "").has_value());
  ASSERT_TRUE(sink_->write_out().has_value());
  EXPECT_EQ(Scratch::read(out_), before + "2,c\r\n");
}

TEST_F(CsvSink, IsCutBackWhereverAKilledRunWasCutOff) {
  past_.run(out_, rejects_, {line(1, "a")}, {}, {line(2, "b\\n\\\"c"), line(3, "d")});
  const std::string whole = Scratch::read(out_);
  const std::uint64_t marked = latest().answers;
  for (std::uint64_t size = marked; size <= whole.size(); ++size) {
    scratch_.write("out.csv", whole.substr(0, size));
    ASSERT_EQ(open(latest()), (Position{marked, 0})) << size;
    ASSERT_TRUE(sink_->append(line(2, "b\\n\\\"c") + line(3, "d"), "").has_value());
    ASSERT_TRUE(sink_->write_out().has_value());
    EXPECT_EQ(Scratch::read(out_), whole) << size;
  }
}

TEST_F(CsvSink, BeginsAgainWhereTheFirstLinesWereCutOffBeforeAnyMark) {
  past_.run(out_, rejects_, {}, {}, {line(1, "a"), line(2, "b")});
  const std::string whole = Scratch::read(out_);
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, whole.find('1'), whole.size()}) {
    scratch_.write("out.csv", whole.substr(0, size));
    ASSERT_EQ(open(latest()), Position{}) << size;
    ASSERT_TRUE(sink_->append(line(1, "a") + line(2, "b"), "").has_value());
    ASSERT_TRUE(sink_->write_out().has_value());
    EXPECT_EQ(Scratch::read(out_), whole);
  }
}

TEST_F(CsvSink, WhatSomebodyAppendedOrEditedIsNotCut) {
  past_.run(out_, rejects_, {line(1, "a")}, {});
  const std::string whole = Scratch::read(out_);
  scratch_.write("out.csv", whole + "9,mine\r\n");
  EXPECT_THAT(refused(latest()), HasSubstr("were not written by this job"));
  scratch_.write("out.csv", "ID" + whole.substr(2));
  EXPECT_THAT(refused(latest()), HasSubstr("is not what this job left there"));
}

TEST_F(CsvSink, IsWrittenAgainFromItsHeaderOnWhenLinesWereTakenBack) {
  past_.run(out_, rejects_, {line(1, "a"), line(2, "b")}, {});
  // As a withdrawal leaves it: no mark, the first line may be missing; the same sink opens again.
  ASSERT_TRUE(open(latest()).has_value());
  past_.all.front().answers[0].optional = true;
  past_.all.front().mark = {};
  past_.all.front().marked_answers = 0;
  ASSERT_EQ(sink_->open({}, past_), Position{});
  ASSERT_TRUE(sink_->append(line(2, "b"), "").has_value());
  ASSERT_TRUE(sink_->write_out().has_value());
  EXPECT_EQ(Scratch::read(out_), "id,text\r\n2,b\r\n");
  // The run was killed there: what it wrote is known again, and so is what stood there before.
  ASSERT_EQ(open({}), Position{});
  scratch_.write("out.csv", "id,text\r\n1,a\r\n2,b\r\n");
  ASSERT_EQ(open({}), Position{});
}

TEST_F(CsvSink, AFieldWithoutAColumnIsAnErrorAndNotALoss) {
  ASSERT_EQ(open({}), Position{});
  const auto done = sink_->append(line(1, "a") + "{\"id\":2,\"text\":\"b\",\"more\":1}\n", "");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, core::ErrorCode::pipeline);
  EXPECT_THAT(done.error().text(), HasSubstr("out.csv: a row has the field 'more'"));
  EXPECT_THAT(done.error().text(), HasSubstr("keep = { … }"));
}

TEST_F(CsvSink, AGenerationThatEndedInSuchAnErrorIsStillKnownAgain) {
  past_.run(out_, rejects_, {line(1, "a")}, {}, {line(2, "b")});
  past_.all.front().answers.push_back({"{\"id\":3,\"more\":1}\n"});
  EXPECT_EQ(open(latest()), (Position{latest().answers, 0}));
}

}  // namespace
}  // namespace sluice::stages
