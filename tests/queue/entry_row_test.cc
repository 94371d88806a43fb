#include "queue/entry_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::queue {
namespace {

using redis::Reply;
using testing::HasSubstr;

Reply text(std::string bytes) {
  return {.type = Reply::Type::text, .text = std::move(bytes)};
}

Entry entry_of(const std::vector<std::string>& fields, std::uint64_t deliveries = 1) {
  Entry entry{.id = "7-1", .fields = {.type = Reply::Type::array}, .deliveries = deliveries};
  for (const std::string& word : fields) entry.fields.items.push_back(text(word));
  return entry;
}

TEST(EntryRow, HasTheEntrysFieldsAsMembers) {
  const EntryRow row = row_of(entry_of({"id", "T-1", "te\"xt", "a\nb"}), "", 5);
  EXPECT_EQ(row.text, R"({"id":"T-1","te\"xt":"a\nb"})");
  EXPECT_FALSE(row.reject);
  EXPECT_EQ(row_of(entry_of({"id", "1", "id", "2"}), "", 5).text, R"({"id":"2"})");
}

TEST(EntryRow, IsTheObjectInOneField) {
  const EntryRow row = row_of(entry_of({"at", "now", "json", "{\"id\":\n7}"}), "json", 5);
  EXPECT_EQ(row.text, "{\"id\": 7}");
  EXPECT_FALSE(row.reject);
}

TEST(EntryRow, IsRejectedWithoutThatField) {
  const EntryRow row = row_of(entry_of({"id", "T-1"}), "json", 5);
  EXPECT_EQ(row.text, R"({"id":"T-1"})");
  ASSERT_TRUE(row.reject);
  EXPECT_EQ(row.reject->reason, "no_field");
  EXPECT_EQ(row.reject->detail, "entry 7-1 has no field 'json'");
}

TEST(EntryRow, IsRejectedAfterTooManyDeliveries) {
  EXPECT_FALSE(row_of(entry_of({"id", "1"}, 5), "", 5).reject);
  Entry entry = entry_of({"id", "1"}, 6);
  entry.taken_from = "worker-2";
  const EntryRow row = row_of(entry, "", 5);
  ASSERT_TRUE(row.reject);
  EXPECT_EQ(row.reject->reason, "too_many_deliveries");
  EXPECT_THAT(row.reject->detail, HasSubstr("entry 7-1 was delivered 5 times"));
  EXPECT_THAT(row.reject->history, testing::ElementsAre("taken over from worker-2"));
}

TEST(Entry, IsReadFromAReplyUnlessItIsDeleted) {
  Reply reply{.type = Reply::Type::array};
  reply.items = {text("1-1"), {.type = Reply::Type::array, .items = {text("a"), text("b")}}};
  EXPECT_EQ(read_entry(Reply(reply))->id, "1-1");
  reply.items[1] = {};
  EXPECT_FALSE(read_entry(Reply(reply)));
  EXPECT_FALSE(read_entry({}));
}

}  // namespace
}  // namespace sluice::queue
