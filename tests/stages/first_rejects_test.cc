#include "stages/first_rejects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::stages {
namespace {

using testing::HasSubstr;

Item row(const char* reason = nullptr, core::Stage stage = core::Stage::pack) {
  Item item;
  if (reason != nullptr)
    item.reject = std::make_shared<const core::Reject>(core::Reject{stage, reason, "why", {}});
  return item;
}
Items rows(std::size_t count, const char* reason = nullptr, core::Stage stage = core::Stage::pack) {
  Items items;
  for (std::size_t i = 0; i < count; ++i) items.push_back(row(reason, stage));
  return items;
}

TEST(FirstRejects, AHundredRowsThatFailAlikeAreHeldAndNamed) {
  FirstRejects first;
  EXPECT_TRUE(first.add(1, rows(64, "missing_field")).empty());
  EXPECT_FALSE(first.alike());
  EXPECT_TRUE(first.add(2, rows(64, "missing_field")).empty());
  ASSERT_TRUE(first.alike());
  EXPECT_EQ(*first.alike(), "all of the first 128 rows fail alike (missing_field in pack): why");
  EXPECT_EQ(first.held().size(), 128u);
}

TEST(FirstRejects, OneRowThatPassesLetsAllPass) {
  FirstRejects first;
  EXPECT_TRUE(first.add(1, rows(64, "missing_field")).empty());
  Items second = rows(10, "missing_field");
  second.push_back(row());
  EXPECT_EQ(first.add(2, std::move(second)).size(), 75u);
  EXPECT_EQ(first.add(3, rows(64, "missing_field")).size(), 64u) << "it is over";
  EXPECT_TRUE(first.end(true).empty());
  EXPECT_FALSE(first.alike());
}

TEST(FirstRejects, AnotherReasonLetsAllPassButForUnreadableLines) {
  FirstRejects first;
  EXPECT_TRUE(first.add(1, rows(64, "missing_field")).empty());
  EXPECT_EQ(first.add(2, rows(64, "empty_prompt")).size(), 128u);

  FirstRejects unreadable;
  EXPECT_TRUE(unreadable.add(1, rows(64, "not_json", core::Stage::read)).empty());
  EXPECT_TRUE(unreadable.add(2, rows(64, "not_an_object", core::Stage::read)).empty());
  EXPECT_TRUE(unreadable.alike());
}

TEST(FirstRejects, OfOneReasonAloneWhereOnlyThatIsWatched) {
  FirstRejects files(true, "image_missing");
  EXPECT_TRUE(files.add(1, rows(64, "image_missing")).empty());
  EXPECT_TRUE(files.add(2, rows(64, "image_missing")).empty());
  EXPECT_TRUE(files.alike());
  FirstRejects others(true, "image_missing");
  EXPECT_EQ(others.add(1, rows(64, "missing_field")).size(), 64u);
  EXPECT_FALSE(others.alike());
}

TEST(FirstRejects, BatchesThatOvertakeWaitForThoseBeforeThem) {
  FirstRejects first;
  EXPECT_TRUE(first.add(2, rows(64, "missing_field")).empty());
  EXPECT_TRUE(first.add(3, rows(64, "missing_field")).empty());
  EXPECT_FALSE(first.alike()) << "the first batch is not known";
  EXPECT_EQ(first.add(1, rows(64)).size(), 192u);
  EXPECT_FALSE(first.alike());
}

TEST(FirstRejects, AShortInputCountsWholeOrNotAtAll) {
  FirstRejects whole;
  EXPECT_TRUE(whole.add(1, rows(3, "no_key", core::Stage::read)).empty());
  EXPECT_TRUE(whole.end(true).empty());
  ASSERT_TRUE(whole.alike());
  EXPECT_THAT(*whole.alike(), HasSubstr("all of the first 3 rows"));

  FirstRejects cut;
  EXPECT_TRUE(cut.add(1, rows(3, "no_key", core::Stage::read)).empty());
  EXPECT_EQ(cut.end(false).size(), 3u);
  EXPECT_FALSE(cut.alike());

  FirstRejects one;
  EXPECT_TRUE(one.add(1, rows(1, "invalid_field", core::Stage::validate)).empty());
  EXPECT_EQ(one.end(true).size(), 1u) << "its own fault, as far as is known";
  FirstRejects unreadable;
  EXPECT_TRUE(unreadable.add(1, rows(1, "not_an_object", core::Stage::read)).empty());
  EXPECT_TRUE(unreadable.end(true).empty());
  EXPECT_TRUE(unreadable.alike());

  FirstRejects empty;
  EXPECT_TRUE(empty.end(true).empty());
  EXPECT_FALSE(empty.alike());
}

TEST(FirstRejects, WhatTakesMuchRoomIsNotHeldWhileTheReaderWaits) {
  FirstRejects first;
  Items large = rows(1, "missing_field");
  large.front().row.raw.assign(2 * FirstRejects::kMostStalledBytes, 'x');
  EXPECT_TRUE(first.add(1, std::move(large)).empty());
  EXPECT_EQ(first.stalled().size(), 1u);
  EXPECT_TRUE(FirstRejects(false).end(true).empty());
}

}  // namespace
}  // namespace sluice::stages
