// A View: the job as it stands, beside a run and at rest.
#include "checkpoint/view.h"

#include <gtest/gtest.h>

#include "support.h"

namespace sluice::checkpoint {
namespace {

class ViewTest : public testing::Test {
 protected:
  std::unique_ptr<Checkpoint> open() { return open_checkpoint(options_for(scratch_), projection_); }
  static std::vector<std::string> lines(View& view, bool rejects_only = false) {
    std::vector<std::string> lines;
    const View::Each each = [&](const View::Ended& e) -> core::Status {
      lines.emplace_back(e.line);
      return {};
    };
    EXPECT_TRUE((rejects_only ? view.each_reject(each) : view.each(each)).has_value());
    return lines;
  }
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.job()))
      found[entry.path().filename()] = read_file(entry.path());
    return found;
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
};

TEST_F(ViewTest, ShowsOneMomentBesideARunThatGoesOn) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b")});
  const auto view = View::open(scratch_.job());
  ASSERT_TRUE(view.has_value());
  commit_now(*c, {answer("c")});
  EXPECT_EQ(lines(**view), (std::vector{answer("a").line, reject("b").line}));
  EXPECT_EQ(lines(**view, true), std::vector{reject("b").line});
  EXPECT_EQ((*view)->account().rows_answered, 1U);
}

TEST_F(ViewTest, AtRestNoRunCanBegin) {
  auto c = open();
  const auto running = View::open_at_rest(scratch_.job(), "classify");
  ASSERT_FALSE(running.has_value());
  EXPECT_EQ(running.error().code, core::ErrorCode::busy);
  ASSERT_TRUE(c->close().has_value());
  {
    const auto view = View::open_at_rest(scratch_.job(), "classify");
    ASSERT_TRUE(view.has_value()) << view.error().text();
    EXPECT_TRUE(View::open_at_rest(scratch_.job(), "classify").has_value());
    const auto run = Checkpoint::open(options_for(scratch_), projection_);
    ASSERT_FALSE(run.has_value());
    EXPECT_EQ(run.error().code, core::ErrorCode::busy);
  }
  EXPECT_NE(open(), nullptr);
}

TEST_F(ViewTest, AtRestNothingIsChangedNotEvenInTheFolder) {
  auto c = open();
  commit_now(*c, {answer("a")});
  ASSERT_TRUE(c->close().has_value());
  const auto before = files();
  {
    const auto view = View::open_at_rest(scratch_.job(), "classify");
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(lines(**view), std::vector{answer("a").line});
    EXPECT_EQ(files(), before);
  }
  EXPECT_EQ(files(), before);
}

TEST_F(ViewTest, AtRestTheLogOfACrashIsReadToo) {
  auto c = open();
  commit_now(*c, {answer("a")});
  c.reset();
  ASSERT_GT(read_file(scratch_.database() + "-wal").size(), 0U);
  const auto view = View::open_at_rest(scratch_.job(), "classify");
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(lines(**view), std::vector{answer("a").line});
}

TEST_F(ViewTest, KnowsWhatTheFilesWereRecordedToHold) {
  auto c = open();
  commit_now(*c, {answer("a"), reject("b")});
  ASSERT_TRUE(c->close().has_value());
  c = open();
  commit_now(*c, {answer("c")});
  c.reset();
  const auto view = View::open(scratch_.job());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ((*view)->recorded(),
            (store::Position{answer("a").line.size() + 1, reject("b").line.size() + 1}));
  std::vector<bool> recorded;
  ASSERT_TRUE((*view)
                  ->each([&](const View::Ended& e) -> core::Status {
                    recorded.push_back(e.recorded);
                    return {};
                  })
                  .has_value());
  EXPECT_EQ(recorded, (std::vector{true, true, false}));
  EXPECT_TRUE((*view)->expect_fingerprint(hash_of("f1")).has_value());
  const auto other = (*view)->expect_fingerprint(hash_of("f2"));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, core::ErrorCode::pipeline);
}

}  // namespace
}  // namespace sluice::checkpoint
