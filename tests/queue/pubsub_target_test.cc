#include "queue/pubsub_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/queue/pubsub_server.h"
#include "tests/scratch.h"

namespace sluice::queue {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class PubsubTargetTest : public testing::Test {
 protected:
  std::unique_ptr<format::RecordTarget> target() {
    Pubsub at;
    at.topic = "projects/p/topics/answers";
    at.endpoint = server_.endpoint();
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
  PubsubServer server_;
};

TEST_F(PubsubTargetTest, PublishesALineAMessageAndKnowsWhereItStands) {
  auto to = target();
  EXPECT_EQ(to->open().value(), format::Stand());
  ASSERT_TRUE(to->put(lines(1200), stand(40)).has_value());
  ASSERT_THAT(server_.sent(), SizeIs(1200));
  EXPECT_EQ(server_.sent()[7].text, R"({"id":7,"text":""})");
  EXPECT_EQ(server_.sent()[7].key, "7");
  EXPECT_EQ(server_.calls("publish"), 3);
  EXPECT_EQ(target()->open().value(), stand(40));
}

TEST_F(PubsubTargetTest, PublishesAtMost4MiBACall) {
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put(lines(5, 2'000'000), stand(9)).has_value());
  EXPECT_THAT(server_.sent(), SizeIs(5));
  EXPECT_EQ(server_.calls("publish"), 3);
}

TEST_F(PubsubTargetTest, PublishesAgainWhatFailedForAWhile) {
  server_.set_faults([](const std::string& method, int number) -> std::optional<int> {
    if (method == "publish" && number < 3) return 503;
    return std::nullopt;
  });
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  ASSERT_TRUE(to->put(lines(5), stand(9)).has_value());
  EXPECT_THAT(server_.sent(), SizeIs(5));
}

TEST_F(PubsubTargetTest, SaysWhatIsRefusedAndDoesNotMoveOn) {
  server_.set_faults([](const std::string& method, int) -> std::optional<int> {
    return method == "publish" ? std::optional(403) : std::nullopt;
  });
  auto to = target();
  ASSERT_TRUE(to->open().has_value());
  EXPECT_THAT(to->put(lines(5), stand(9)).error().text(),
              HasSubstr("pubsub:answers: the answers of row 0 and 4 more were not taken: publish: "
                        "the server answers 403: as the test has it: the credentials may not"));
  EXPECT_EQ(target()->open().value(), format::Stand());
}

}  // namespace
}  // namespace sluice::queue
