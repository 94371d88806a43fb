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

TEST(LinesReader, GivesTheLinesWithTheirNumbers) {
  const ReadAll all = read_all({}, "in.txt", "a \"b\"\r\n\n c\t", 2);
  EXPECT_THAT(all.texts(),
              ElementsAre(R"({"text":"a \"b\"","line":1})", R"({"text":" c\t","line":3})"));
  EXPECT_THAT(read_all({}, "in.txt", "a\n\xE9\n").status.error().text(),
              HasSubstr("in.txt:2: this line is not UTF-8: if the file is in Windows-1252"));
  EXPECT_THAT(
      read_all({}, "in.txt", "%PDF-1.7\n").status.error().text(),
      HasSubstr("in.txt: is read as lines of text by its ending, but looks like a PDF file"));
}

TEST(FileReader, GivesAWholeFileAsARow) {
  FormatOptions options;
  options.name = "file";
  for (const std::size_t piece : {1u, 4u, 100u}) {
    EXPECT_THAT(read_all(options, "a/b.txt", "x\ny\n", piece).texts(),
                ElementsAre(R"({"path":"a/b.txt","name":"b.txt","text":"x\ny\n"})"));
  }
  EXPECT_THAT(read_all(options, "b", "").texts(),
              ElementsAre(R"({"path":"b","name":"b","text":""})"));
  options.encoding = "latin1";
  EXPECT_THAT(read_all(options, "b", "\xE9").texts(),
              ElementsAre(R"({"path":"b","name":"b","text":"é"})"));
}

TEST(FileReader, RejectsWhatIsNotTextOrTooLongWithItsPath) {
  FormatOptions options;
  options.name = "file";
  const auto reject = [&](const std::string& text) {
    const ReadAll all = read_all(options, "a/b", text, 1 << 20);
    EXPECT_THAT(all.texts(), ElementsAre(R"({"path":"a/b","name":"b"})"));
    return all.records.empty() ? "" : all.records.front().reject;
  };
  EXPECT_THAT(reject("caf\xE9"),
              HasSubstr("not_text: this file is not UTF-8: if it is in Windows"));
  EXPECT_THAT(reject("PK\x03\x04\xFF"), HasSubstr("looks like a zip archive"));
  EXPECT_THAT(reject("PAR1\x15\xFF"),
              HasSubstr("looks like a Parquet file: name it in s.read, without s.files"));
  EXPECT_THAT(reject(std::string(core::kMaxRowBytes + 1, 'x')),
              HasSubstr("too_large: this file is"));
  EXPECT_THAT(reject(std::string(core::kMaxRowBytes - 100, '"')),
              HasSubstr("too_large: this file"));
}

}  // namespace
}  // namespace sluice::format
