#include "format/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/format/support.h"

namespace sluice::format {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Formats, AreChosenByTheEndingLessThatOfCompression) {
  EXPECT_EQ(format_of({}, "a/b.jsonl.zst").name, "jsonl");
  EXPECT_EQ(format_of({}, "a/b.ndjson").name, "jsonl");
  EXPECT_EQ(format_of({}, "-").name, "jsonl");
  EXPECT_EQ(format_by_ending("a/b"), nullptr);
}

TEST(JsonlReader, GivesLinesWithTheirNumbersWhateverPiecesTheyComeIn) {
  const std::string text = "\xEF\xBB\xBF{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}";
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 100u}) {
    const ReadAll all = read_all({}, "in.jsonl", text, piece);
    EXPECT_THAT(all.texts(), ElementsAre(R"({"a":1})", R"({"b":2})", R"({"c":3})")) << piece;
    EXPECT_THAT(all.lines(), ElementsAre(1, 4, 5)) << piece;
  }
}

TEST(JsonlReader, RefusesALineThatIsTooLong) {
  const ReadAll all =
      read_all({}, "in.jsonl", "1\n" + std::string(core::kMaxRowBytes + 1, 'x'), 1 << 20);
  EXPECT_THAT(all.texts(), ElementsAre("1"));
  ASSERT_FALSE(all.status.has_value());
  EXPECT_THAT(all.status.error().text(), HasSubstr("in.jsonl:2: this line is longer than 16 MiB"));
}

}  // namespace
}  // namespace sluice::format
