#include "stages/key_tally.h"

#include <gtest/gtest.h>

namespace sluice::stages {
namespace {

Item item(std::string key, std::string raw) {
  Item made;
  made.row.key_json = std::move(key);
  made.row.raw = std::move(raw);
  return made;
}

TEST(KeyTally, CountsRowsOfOtherContentBeyondTheFirstOfTheirKey) {
  KeyTally tally;
  tally.add({item("1", "a"), item("2", "b"), item("1", "c")});
  tally.add({item("1", "d"), item("2", "b"), item("3", "e")});
  const KeyTally::Found found = tally.found();
  EXPECT_EQ(found.rows, 2U);
  EXPECT_EQ(found.example, "1");
  EXPECT_TRUE(found.complete);
}

TEST(KeyTally, PassesOverRowsWithoutAKeyAndEqualRows) {
  KeyTally tally;
  tally.add({item("", "a"), item("", "b"), item("1", "c"), item("1", "c")});
  EXPECT_EQ(tally.found().rows, 0U);
  EXPECT_TRUE(tally.found().complete);
}

TEST(KeyTally, SaysWhereItsBoundWasMetAndGoesOnWithTheKeysItHas) {
  KeyTally tally(2);
  tally.add({item("1", "a"), item("2", "b")});
  EXPECT_TRUE(tally.found().complete);
  tally.add({item("3", "c"), item("3", "d"), item("2", "e")});
  EXPECT_EQ(tally.found().rows, 1U);
  EXPECT_EQ(tally.found().example, "2");
  EXPECT_FALSE(tally.found().complete);
}

TEST(KeyTally, KnowsAllOfManyKeys) {
  KeyTally tally;
  for (int time = 0; time < 2; ++time) {
    Items items;
    for (int i = 0; i < 20'000; ++i)
      items.push_back(item(std::to_string(i), std::to_string(i + time)));
    tally.add(items);
  }
  EXPECT_EQ(tally.found().rows, 20'000U);
  EXPECT_TRUE(tally.found().complete);
}

}  // namespace
}  // namespace sluice::stages
