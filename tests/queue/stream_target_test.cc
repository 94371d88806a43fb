#include "queue/stream_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "streams.h"

namespace sluice::queue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StreamTargetTest : public testing::Test {
 protected:
  void SetUp() override {
    SLUICE_NEEDS_REDIS();
    stream_.emplace();
  }
  std::unique_ptr<format::RecordTarget> target(std::vector<std::string> only = {}) const {
    Spec spec = stream_->spec("");
    stream_in(spec).stream = "answers";
    return make_target({.spec = spec, .job = "job", .key = "id", .only = std::move(only)});
  }
  // Each entry's words, joined.
  std::vector<std::string> entries() const {
    std::vector<std::string> all;
    for (const redis::Reply& entry : stream_->ask({"XRANGE", "answers", "-", "+"}).items) {
      std::string words;
      for (const redis::Reply& word : entry.items[1].items) words += word.text + " ";
      all.push_back(words);
    }
    return all;
  }
  static format::Stand stand(std::uint64_t bytes) { return {bytes, core::Hash128{bytes, 7}}; }
  std::optional<Stream> stream_;
};

TEST_F(StreamTargetTest, AddsAnEntryALineAndKnowsWhereItStands) {
  auto to = target();
  EXPECT_EQ(to->open().value(), format::Stand());
  ASSERT_TRUE(to->put("{\"id\":\"T-1\",\"a\":1}\n{\"id\":7,\"a\":2}\n", stand(40)).has_value());
  ASSERT_TRUE(to->put("{\"a\":3}\n", stand(50)).has_value());
  EXPECT_THAT(entries(), ElementsAre("key T-1 json {\"id\":\"T-1\",\"a\":1} ",
                                     "key 7 json {\"id\":7,\"a\":2} ", "json {\"a\":3} "));
  EXPECT_EQ(target()->open().value(), stand(50));
}

TEST_F(StreamTargetTest, AddsALineOnceWhenItIsPutAgain) {
  auto first = target();
  auto again = target();
  ASSERT_TRUE(first->open().has_value());
  ASSERT_TRUE(again->open().has_value());
  ASSERT_TRUE(first->put("{\"id\":1}\n", stand(9)).has_value());
  // As where the server's answer was lost.
  EXPECT_TRUE(again->put("{\"id\":1}\n", stand(9)).has_value());
  EXPECT_EQ(entries().size(), 1u);
  ASSERT_TRUE(first->put("{\"id\":2}\n", stand(18)).has_value());
  const auto other = again->put("{\"id\":3}\n", stand(19));
  ASSERT_FALSE(other.has_value());
  EXPECT_THAT(other.error().text(), HasSubstr("another run of this job"));
  EXPECT_EQ(entries().size(), 2u);
}

TEST_F(StreamTargetTest, PutsTheFieldsThatAreWanted) {
  auto to = target({"a", "id"});
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put("{\"id\":1,\"long\":[],\"a\":1.50}\n", stand(9)).has_value());
  EXPECT_THAT(entries(), ElementsAre("key 1 json {\"a\":1.50,\"id\":1} "));
}

TEST_F(StreamTargetTest, TakesNothingBack) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  const auto back = to->restart();
  ASSERT_FALSE(back.has_value());
  EXPECT_THAT(back.error().text(),
              HasSubstr("redis:answers: answers that were added before have changed"));
}

TEST_F(StreamTargetTest, BeginsAgainWhereTheStreamWasDeleted) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put("{\"id\":1}\n", stand(9)).has_value());
  stream_->ask({"DEL", "answers"});
  auto next = target();
  EXPECT_EQ(next->open().value(), format::Stand());
  ASSERT_TRUE(next->put("{\"id\":1}\n", stand(9)).has_value());
  EXPECT_EQ(entries().size(), 1u);
}

TEST_F(StreamTargetTest, SaysThatTheNameIsTaken) {
  stream_->ask({"SET", "answers", "x"});
  EXPECT_THAT(target()->open().error().text(),
              HasSubstr("what has this name there is a string, not a stream"));
}

}  // namespace
}  // namespace sluice::queue
