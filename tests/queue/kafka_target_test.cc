#include "queue/kafka_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/queue/kafka_cluster.h"
#include "tests/scratch.h"

namespace sluice::queue {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class KafkaTargetTest : public testing::Test {
 protected:
  std::unique_ptr<format::RecordTarget> target() {
    KafkaTopic at;
    at.brokers = cluster_.brokers();
    at.topic = "answers";
    return make_target(
        {.spec = {.at = std::move(at)}, .job = "job", .key = "id", .folder = folder_.path()});
  }
  static format::Stand stand(std::uint64_t bytes) { return {bytes, core::Hash128{bytes, 7}}; }
  static std::string lines(int count, std::size_t bytes = 0) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += "{\"id\":" + std::to_string(i) + ",\"text\":\"" + std::string(bytes, 'x') + "\"}\n";
    return all;
  }
  Scratch folder_;
  KafkaCluster cluster_;
};

TEST_F(KafkaTargetTest, PutsALineAMessageAndKnowsWhereItStands) {
  auto to = target();
  EXPECT_EQ(to->open().value(), format::Stand());
  ASSERT_TRUE(to->put(lines(500), stand(40)).has_value());
  const auto found = cluster_.messages("answers", 500);
  ASSERT_THAT(found, SizeIs(500));
  EXPECT_EQ(found[7].first, "7");
  EXPECT_EQ(found[7].second, R"({"id":7,"text":""})");
  EXPECT_EQ(target()->open().value(), stand(40));
}

TEST_F(KafkaTargetTest, PutsWhatABrokerRefusesForAWhileOnce) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  rd_kafka_mock_push_request_errors(
      cluster_.mock(), 0 /* Produce */, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
  ASSERT_TRUE(to->put(lines(5), stand(9)).has_value());
  const auto found = cluster_.messages("answers", 5);
  ASSERT_THAT(found, SizeIs(5));
  EXPECT_EQ(found[4].first, "4");
}

TEST_F(KafkaTargetTest, NamesTheRowThatIsRefusedAndDoesNotMoveOn) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  rd_kafka_mock_push_request_errors(cluster_.mock(), 0 /* Produce */, 1,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto put = to->put(lines(1), stand(9));
  ASSERT_FALSE(put.has_value());
  EXPECT_THAT(put.error().text(), HasSubstr("kafka:answers: the answer of row 0"));
  EXPECT_THAT(put.error().text(), HasSubstr("authorization"));
  EXPECT_EQ(target()->open().value(), format::Stand());
}

TEST_F(KafkaTargetTest, PutsAnswersLongerThanAMegabyte) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put(lines(2, 2'000'000), stand(9)).has_value());
  EXPECT_THAT(cluster_.messages("answers", 2), SizeIs(2));
}

TEST_F(KafkaTargetTest, TakesNothingBackAndSaysWhatToDo) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  EXPECT_THAT(to->restart().error().text(),
              HasSubstr("kafka:answers: answers that were sent before have changed or gone, and a "
                        "topic cannot take them back: name another topic, or delete "));
}

}  // namespace
}  // namespace sluice::queue
