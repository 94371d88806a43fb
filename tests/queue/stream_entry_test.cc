#include "queue/stream_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/message_row.h"

namespace sluice::queue {
namespace {

using redis::Reply;
using testing::HasSubstr;

Reply text(std::string bytes) {
  return {.type = Reply::Type::text, .text = std::move(bytes)};
}

Message entry_of(const std::vector<std::string>& fields, const std::string& field = "") {
  Reply reply{.type = Reply::Type::array};
  reply.items = {text("7-1"), {.type = Reply::Type::array}};
  for (const std::string& word : fields) reply.items[1].items.push_back(text(word));
  return read_entry(reply, field).value();
}

TEST(StreamEntry, HasItsFieldsAsMembers) {
  const Message message = entry_of({"id", "T-1", "te\"xt", "a\nb"});
  EXPECT_EQ(message.id, "7-1");
  EXPECT_EQ(message.text, R"({"id":"T-1","te\"xt":"a\nb"})");
  EXPECT_FALSE(message.reject);
  EXPECT_EQ(entry_of({"id", "1", "id", "2"}).text, R"({"id":"2"})");
}

TEST(StreamEntry, IsTheObjectInOneField) {
  const Message message = entry_of({"at", "now", "json", "{\"id\":7}"}, "json");
  EXPECT_EQ(message.text, "{\"id\":7}");
  EXPECT_FALSE(message.reject);
}

TEST(StreamEntry, IsRejectedWithoutThatField) {
  const Message message = entry_of({"id", "T-1"}, "json");
  EXPECT_EQ(message.text, R"({"id":"T-1"})");
  ASSERT_TRUE(message.reject);
  EXPECT_EQ(message.reject->reason, "no_field");
  EXPECT_EQ(message.reject->detail, "entry 7-1 has no field 'json'");
}

TEST(StreamEntry, IsNoneWhereItIsDeleted) {
  Reply reply{.type = Reply::Type::array};
  reply.items = {text("1-1"), {}};
  EXPECT_FALSE(read_entry(reply, ""));
  EXPECT_FALSE(read_entry({}, ""));
}

TEST(StreamServer, IsTooOldBeforeRelease62) {
  EXPECT_EQ(too_old("# Server\r\nredis_version:5.0.14\r\nredis_mode:standalone\r\n"),
            "the server is Redis 5.0.14, and rows of a stream need 6.2 or later");
  EXPECT_TRUE(too_old("redis_version:6.0.20"));
  for (const char* good : {"redis_version:6.2.0\r\n", "redis_version:7.0.15", "redis_version:10.1",
                           "", "redis_version:", "redis_version:x.y"})
    EXPECT_FALSE(too_old(good)) << good;
}

TEST(MessageRow, IsOneLine) {
  EXPECT_EQ(row_of({.id = "1", .text = "{\"id\":\r\n7}"}, 5).text, "{\"id\":  7}");
}

TEST(MessageRow, IsRejectedAfterTooManyDeliveries) {
  Message message{.id = "7-1", .text = "{}", .deliveries = 5};
  EXPECT_FALSE(row_of(message, 5).reject);
  message.deliveries = 6;
  message.taken_from = "worker-2";
  const MessageRow row = row_of(message, 5);
  ASSERT_TRUE(row.reject);
  EXPECT_EQ(row.reject->reason, "too_many_deliveries");
  EXPECT_THAT(row.reject->detail, HasSubstr("message 7-1 was delivered 5 times"));
  EXPECT_THAT(row.reject->history, testing::ElementsAre("taken over from worker-2"));
}

}  // namespace
}  // namespace sluice::queue
