#include "queue/sqs_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/queue/sqs_server.h"
#include "tests/scratch.h"

namespace sluice::queue {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SqsTargetTest : public testing::Test {
 protected:
  std::unique_ptr<format::RecordTarget> target(const std::string& name = "answers",
                                               std::vector<std::string> only = {}) {
    SqsQueue at;
    at.url = server_.url(name);
    at.credentials = core::Secret(SqsServer::kKeys);
    return make_target({.spec = {.at = std::move(at)},
                        .job = "job",
                        .key = "id",
                        .only = std::move(only),
                        .folder = folder_.path()});
  }
  static format::Stand stand(std::uint64_t bytes) { return {bytes, core::Hash128{bytes, 7}}; }
  static std::string lines(int count, std::size_t bytes = 0) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += "{\"id\":" + std::to_string(i) + ",\"text\":\"" + std::string(bytes, 'x') + "\"}\n";
    return all;
  }
  Scratch folder_;
  SqsServer server_;
};

TEST_F(SqsTargetTest, SendsALineAMessageTenACallAndKnowsWhereItStands) {
  auto to = target();
  EXPECT_EQ(to->open().value(), format::Stand());
  ASSERT_TRUE(to->put(lines(25), stand(40)).has_value());
  ASSERT_THAT(server_.sent(), SizeIs(25));
  EXPECT_EQ(server_.sent()[7].body, R"({"id":7,"text":""})");
  EXPECT_EQ(server_.sent()[7].key, "7");
  EXPECT_THAT(server_.sent()[7].group, IsEmpty());
  EXPECT_EQ(server_.calls("SendMessageBatch"), 3);
  EXPECT_EQ(target()->open().value(), stand(40));
}

TEST_F(SqsTargetTest, SendsAtMost256KiBACall) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put(lines(5, 100'000), stand(9)).has_value());
  EXPECT_THAT(server_.sent(), SizeIs(5));
  EXPECT_EQ(server_.calls("SendMessageBatch"), 3);
}

TEST_F(SqsTargetTest, SendsAgainWhatFailedAndNothingElse) {
  int failures = 0;
  server_.set_entry_faults(
      [&](const std::string& body) -> std::optional<std::pair<std::string, bool>> {
        if (body.contains("\"id\":3,") && ++failures <= 2) return std::pair("InternalError", false);
        return std::nullopt;
      });
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put(lines(5), stand(9)).has_value());
  EXPECT_THAT(server_.sent(), SizeIs(5));
  EXPECT_EQ(server_.sent().back().key, "3");
}

TEST_F(SqsTargetTest, NamesTheRowThatIsRefused) {
  server_.set_entry_faults([](const std::string& body) {
    return body.contains("\"id\":3,")
               ? std::optional(std::pair<std::string, bool>("InvalidMessageContents", true))
               : std::nullopt;
  });
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  const auto put = to->put(lines(5), stand(9));
  ASSERT_FALSE(put.has_value());
  EXPECT_THAT(put.error().text(),
              HasSubstr("sqs:answers: the answer of row 3 is refused: InvalidMessageContents"));
  EXPECT_EQ(target()->open().value(), format::Stand());
}

TEST_F(SqsTargetTest, NamesAnAnswerTheSameWhenItIsSentAgainToAFifoQueue) {
  for (int times = 0; times < 2; ++times) {
    auto to = target("answers.fifo");
    ASSERT_TRUE(to->open().has_value());
    ASSERT_TRUE(to->put(lines(2), stand(9)).has_value());
    // As where the process was killed before it noted its position.
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      std::filesystem::remove(entry.path());
  }
  const auto sent = server_.sent();
  ASSERT_THAT(sent, SizeIs(4));
  EXPECT_EQ(sent[0].deduplication, sent[2].deduplication);
  EXPECT_NE(sent[0].deduplication, sent[1].deduplication);
  EXPECT_EQ(sent[0].group, sent[2].group);
  EXPECT_NE(sent[0].group, sent[1].group);
}

TEST_F(SqsTargetTest, TakesNothingBackAndSaysWhatToDo) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  EXPECT_THAT(to->restart().error().text(),
              HasSubstr("sqs:answers: answers that were sent before have changed"));
  std::string file;
  ASSERT_TRUE(to->put(lines(1), stand(9)).has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) file = entry.path();
  EXPECT_THAT(to->restart().error().text(), HasSubstr("delete " + file));
  std::ofstream(file) << "no position";
  EXPECT_THAT(target()->open().error().text(), HasSubstr("does not say how far"));
}

}  // namespace
}  // namespace sluice::queue
