#include "stages/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::stages {
namespace {

// Keys a row that holds `raw`, which must be a JSON object.
std::pair<core::Row, std::string> keyed(std::string raw, const std::string& field) {
  core::Row row;
  row.raw = std::move(raw);
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  EXPECT_EQ(parser.parse(row.raw).get(object), simdjson::SUCCESS);
  std::string wrong = assign_key(row, object, field);
  return {std::move(row), std::move(wrong)};
}

TEST(RowKey, IsTheNamedFieldAsJson) {
  const auto [text, text_wrong] = keyed(R"({"id": "T-1", "body": "x"})", "id");
  EXPECT_EQ(text_wrong, "");
  EXPECT_EQ(text.key_json, R"("T-1")");
  const auto [number, number_wrong] = keyed(R"({"body": "y", "id": 17})", "id");
  EXPECT_EQ(number_wrong, "");
  EXPECT_EQ(number.key_json, "17");
}

TEST(RowKey, DependsOnTheFieldAloneAndOnItsType) {
  const auto key = [](const char* raw) { return keyed(raw, "id").first.key_json; };
  EXPECT_EQ(key(R"({"id":17,"a":1})"), key(R"({"a":2,"id": 17})"));
  EXPECT_NE(key(R"({"id":"17"})"), key(R"({"id":17})"));
}

TEST(RowKey, IsNoneWhereNoFieldIsNamed) {
  const auto [row, wrong] = keyed(R"({"x":1})", "");
  EXPECT_EQ(wrong, "");
  EXPECT_EQ(row.key_json, "");
}

TEST(RowKey, SaysWhatIsWrongAndThenThereIsNone) {
  for (const char* raw : {R"({"other":1})", R"({"id":null})", R"({"id":{}})", R"({"id":true})"}) {
    const auto [row, wrong] = keyed(raw, "id");
    EXPECT_THAT(wrong, testing::HasSubstr("'id'")) << raw;
    EXPECT_EQ(row.key_json, "") << raw;
  }
}

}  // namespace
}  // namespace sluice::stages
