#include "core/row.h"

#include <gtest/gtest.h>

namespace sluice::core {
namespace {

Row row(std::string raw) {
  Row r;
  r.raw = std::move(raw);
  return r;
}

TEST(RowKey, IsTheNamedFieldAsJson) {
  Row a = row(R"({"id": "T-1", "body": "x"})");
  EXPECT_EQ(assign_key(a, "id"), "");
  EXPECT_EQ(a.key_json, R"("T-1")");
  Row b = row(R"({"body": "y", "id": 17})");
  EXPECT_EQ(assign_key(b, "id"), "");
  EXPECT_EQ(b.key_json, "17");
  EXPECT_NE(a.key_hash, b.key_hash);
}

TEST(RowKey, TextAndNumberWithTheSameDigitsDiffer) {
  Row text = row(R"({"id": "17"})");
  Row number = row(R"({"id": 17})");
  assign_key(text, "id");
  assign_key(number, "id");
  EXPECT_NE(text.key_hash, number.key_hash);
}

TEST(RowKey, IsTheContentWhenNoneIsNamed) {
  Row a = row(R"({"x":1})");
  Row b = row(R"({"x":1})");
  EXPECT_EQ(assign_key(a, ""), "");
  EXPECT_EQ(assign_key(b, ""), "");
  EXPECT_EQ(a.key_hash, b.key_hash);
  EXPECT_EQ(a.key_json, "");
}

TEST(RowKey, SaysWhatIsWrongAndFallsBackToTheContent) {
  for (const char* raw :
       {"{\"id\":1", "[1]", "7", "{\"other\":1}", "{\"id\":null}", "{\"id\":{}}", "nonsense"}) {
    Row r = row(raw);
    EXPECT_NE(assign_key(r, "id"), "") << raw;
    EXPECT_EQ(r.key_hash, hash128(raw)) << raw;
  }
}

}  // namespace
}  // namespace sluice::core
