#include "listen/line_search.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/scratch.h"

namespace sluice::listen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LineSearch : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    return scratch_.write(name, text);
  }
  Scratch scratch_;
};

std::string numbered(int from, int to, std::size_t padding = 0) {
  std::string text;
  for (int i = from; i <= to; ++i)
    text += fmt::format("{{\"id\":{},\"t\":\"{}\"}}\n", i, std::string(padding, 'x'));
  return text;
}

TEST_F(LineSearch, GivesTheNewestFirstAndOlderOnesByTheCursor) {
  const std::string path = write("out.jsonl", numbered(1, 5));
  const auto found = find_lines(path, {.text = "", .limit = 2, .before = {}});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->rows, ElementsAre(R"({"id":5,"t":""})", R"({"id":4,"t":""})"));
  ASSERT_TRUE(found->next);
  const auto older = find_lines(path, {.text = "", .limit = 9, .before = found->next});
  EXPECT_THAT(older->rows, ElementsAre(HasSubstr(":3,"), HasSubstr(":2,"), HasSubstr(":1,")));
  EXPECT_FALSE(older->next);
}

TEST_F(LineSearch, WalksALargeFileWholeWhateverThePieces) {
  const std::string path = write("out.jsonl", numbered(1, 20'000, 40));
  std::vector<std::string> all;
  LineQuery query{.text = "", .limit = 333, .before = {}};
  do {
    const auto found = find_lines(path, query);
    ASSERT_TRUE(found);
    all.insert(all.end(), found->rows.begin(), found->rows.end());
    query.before = found->next;
  } while (query.before);
  ASSERT_EQ(all.size(), 20'000U);
  for (int i = 0; i < 20'000; ++i)
    ASSERT_THAT(all[static_cast<std::size_t>(i)], HasSubstr(fmt::format(":{},", 20'000 - i)));
}

TEST_F(LineSearch, FindsTextInAnyCase) {
  const std::string path =
      write("out.jsonl", "{\"a\":\"Straight\"}\n{\"a\":\"bent\"}\n{\"a\":\"STRAIGHT on\"}\n");
  EXPECT_THAT(find_lines(path, {.text = "straight", .limit = 5, .before = {}})->rows,
              ElementsAre(HasSubstr("STRAIGHT on"), HasSubstr("Straight")));
  EXPECT_THAT(find_lines(path, {.text = "crooked", .limit = 5, .before = {}})->rows, IsEmpty());
}

TEST_F(LineSearch, ALineThatIsBeingWrittenIsNotShown) {
  const std::string path = write("out.jsonl", "{\"a\":1}\n{\"a\":2}\n{\"a\":3");
  EXPECT_THAT(find_lines(path, {})->rows, ElementsAre("{\"a\":2}", "{\"a\":1}"));
}

TEST_F(LineSearch, WhatIsNoObjectIsPassedOver) {
  const std::string path = write("out.jsonl", "{\"a\":1}\nnoise</script>\n[1]\n\n{\"a\":2}\n");
  EXPECT_THAT(find_lines(path, {})->rows, ElementsAre("{\"a\":2}", "{\"a\":1}"));
}

TEST_F(LineSearch, LooksAtSoMuchAndGoesOnBehindIt) {
  const std::string path = write("out.jsonl", "{\"id\":\"needle\"}\n" + numbered(1, 40'000, 800));
  ASSERT_GT(std::filesystem::file_size(path), kMostScanned);
  auto found = find_lines(path, {.text = "needle", .limit = 1, .before = {}});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->rows, IsEmpty());
  EXPECT_FALSE(found->complete);
  EXPECT_LE(found->scanned, kMostScanned + (1U << 20));
  for (int i = 0; i < 5 && found->rows.empty() && found->next; ++i)
    found = find_lines(path, {.text = "needle", .limit = 1, .before = found->next});
  EXPECT_THAT(found->rows, ElementsAre("{\"id\":\"needle\"}"));
}

TEST_F(LineSearch, PassesALineThatIsLongerThanAll) {
  const std::string path =
      write("out.jsonl", "{\"a\":1}\n{\"b\":\"" + std::string(kMostScanned + (2U << 20), 'y') +
                             "\"}\n{\"a\":2}\n");
  std::vector<std::string> all;
  LineQuery query;
  for (int i = 0; i < 10; ++i) {
    const auto found = find_lines(path, query);
    ASSERT_TRUE(found);
    for (const std::string& row : found->rows)
      if (row.size() < 100) all.push_back(row);
    if (!found->next) break;
    query.before = found->next;
  }
  EXPECT_THAT(all, ElementsAre("{\"a\":2}", "{\"a\":1}"));
}

TEST_F(LineSearch, ReadsCsvAsItsRows) {
  const std::string path =
      write("out.csv", "id,text\n1,plain\n2,\"two\nlines, and \"\"quotes\"\"\"\n3,end\n");
  const auto found = find_lines(path, {.text = "", .limit = 2, .before = {}});
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_THAT(found->rows, ElementsAre(R"({"id":"3","text":"end"})",
                                       R"({"id":"2","text":"two\nlines, and \"quotes\""})"));
  ASSERT_TRUE(found->next);
  EXPECT_THAT(find_lines(path, {.text = "", .limit = 2, .before = found->next})->rows,
              ElementsAre(R"({"id":"1","text":"plain"})"));
}

TEST_F(LineSearch, AFileThatIsNotThereHasNoLines) {
  const auto found = find_lines(scratch_.path("none.jsonl"), {});
  ASSERT_TRUE(found);
  EXPECT_THAT(found->rows, IsEmpty());
  EXPECT_EQ(found_json(*found), R"({"rows":[],"next":null,"complete":true,"scanned_bytes":0})");
}

}  // namespace
}  // namespace sluice::listen
