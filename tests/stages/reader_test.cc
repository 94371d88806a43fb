#include "stages/reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "stages/item.h"
#include "storage/input_file.h"
#include "tests/stages/support.h"

namespace sluice::stages {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Taken {
  std::vector<std::string> rows;
  std::vector<std::uint64_t> lines;
  std::uint64_t batches = 0;
  int times_done = 0;
  bool complete = false;
  core::Status status;
};

// Everything that a reader of `paths` hands over; credits come back at once.
Taken read_all(std::vector<std::string> paths, std::optional<std::uint64_t> limit = std::nullopt) {
  Taken taken;
  flow::Shutdown shutdown;
  flow::Credits credits({1024, 1 << 20}, [] {});
  const source::Spec from{paths, {}};
  Reader reader({from, std::move(paths)}, limit, credits, shutdown,
                {[&](core::RowBatch&& batch, flow::Cost weight) {
                   for (core::Row& row : batch) {
                     taken.rows.push_back(row.raw);
                     taken.lines.push_back(row.line);
                   }
                   credits.settle(weight, weight.bytes);
                   credits.give(weight);
                 },
                 [] {},
                 [&](std::uint64_t batches, bool complete) {
                   taken.batches = batches;
                   ++taken.times_done;
                   taken.complete = complete;
                 }});
  taken.status = reader.run();
  EXPECT_EQ(reader.rows_read(), taken.rows.size());
  return taken;
}

TEST(Reader, CutsLinesAndKeepsTheirNumbers) {
  const Scratch scratch;
  const Taken taken =
      read_all({scratch.write("a.jsonl", "\xEF\xBB\xBF{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}")});
  EXPECT_THAT(taken.rows, ElementsAre(R"({"a":1})", R"({"b":2})", R"({"c":3})"));
  EXPECT_THAT(taken.lines, ElementsAre(1, 4, 5));
  EXPECT_TRUE(taken.complete);
  EXPECT_TRUE(taken.status.has_value());
}

TEST(Reader, ReadsFileAfterFile) {
  const Scratch scratch;
  const std::string a = scratch.write("a", "1");
  const std::string b = scratch.write("b", "");
  const std::string c = scratch.write("c", "2\n3\n");
  EXPECT_THAT(read_all({a, b, c}).rows, ElementsAre("1", "2", "3"));
}

TEST(Reader, HandsOverInBatchesOfBoundedSize) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
  const Taken taken = read_all({scratch.write("a", text)});
  EXPECT_EQ(taken.rows.size(), 1000u);
  EXPECT_EQ(taken.batches, (1000 + core::kBatchRows - 1) / core::kBatchRows);
  EXPECT_EQ(taken.rows[999], "{\"n\":999}");
}

TEST(Reader, CutsLinesAcrossReads) {
  const Scratch scratch;
  std::string text;
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < 40; ++i) {
    rows.push_back(std::string(1 + i * 1777 % 90'000, static_cast<char>('a' + i % 26)));
    text += rows.back() + "\n";
  }
  EXPECT_EQ(read_all({scratch.write("a", text)}).rows, rows);
}

TEST(Reader, KnowsHowMuchOfTheInputIsReadWhileItWaitsForCredits) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += fmt::format("{{\"n\":{:06}}}\n", i);
  const std::string path = scratch.write("a", text);
  flow::Shutdown shutdown;
  flow::Credits credits({1024, 1 << 20}, [] {});
  const source::Spec from{{path}, {}};
  std::optional<Reader> reader;
  std::vector<double> off;  // by how much, at each batch behind the first read
  reader.emplace(Reader::Input{from, {path}}, std::nullopt, credits, shutdown,
                 Reader::Callbacks{[&](core::RowBatch&& batch, flow::Cost weight) {
                                     const double truth =
                                         static_cast<double>(batch.back().line) / 3000;
                                     if (batch.back().line > 1500)
                                       off.push_back(reader->share_read().value_or(0) - truth);
                                     credits.settle(weight, weight.bytes);
                                     credits.give(weight);
                                   },
                                   [] {}, [](std::uint64_t, bool) {}});
  ASSERT_TRUE(reader->run());
  ASSERT_GT(off.size(), 10U);
  for (const double one : off) EXPECT_NEAR(one, 0, 0.02);
}

TEST(Reader, StopsAtTheLimit) {
  const Scratch scratch;
  const std::string path = scratch.write("a", "1\n2\n3\n4\n");
  EXPECT_THAT(read_all({path}, 2).rows, ElementsAre("1", "2"));
  EXPECT_THAT(read_all({path}, 0).rows, ElementsAre());
}

TEST(Reader, RefusesALineThatIsTooLong) {
  const Scratch scratch;
  const std::string most(kMaxRowBytes, 'x');
  for (const char* end : {"", "\n", "\n2\n"}) {
    const Taken taken = read_all({scratch.write("a", "1\n" + most + "x" + end)});
    ASSERT_FALSE(taken.status.has_value());
    EXPECT_THAT(taken.status.error().text(), HasSubstr("a:2: this line is longer than 16 MiB"));
  }
  EXPECT_THAT(read_all({scratch.write("a", most + "\n2")}).rows, ElementsAre(most, "2"));
}

TEST(Reader, InflatesGzipAndZstdByTheirContent) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
  const std::string plain = scratch.write("plain", text);
  const std::string gzip = scratch.path("a.bin");
  const std::string zstd = scratch.path("b.bin");
  // Two members joined, as `cat a.gz b.gz` makes them.
  ASSERT_EQ(
      std::system(
          ("gzip -c " + plain + " > " + gzip + " && gzip -c " + plain + " >> " + gzip).c_str()),
      0);
  ASSERT_EQ(
      std::system(("zstd -q -c " + plain + " > " + zstd + " && zstd -q -c " + plain + " >> " + zstd)
                      .c_str()),
      0);
  for (const std::string& path : {gzip, zstd}) {
    const Taken taken = read_all({path});
    ASSERT_TRUE(taken.status.has_value()) << taken.status.error().text();
    ASSERT_EQ(taken.rows.size(), 40'000u) << path;
    EXPECT_EQ(taken.rows[39'999], "{\"n\":19999}");
  }
}

TEST(Reader, SaysThatACompressedFileIsCutOff) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"n\":" + std::to_string(i * 7919 % 10'007) + "}\n";
  const std::string plain = scratch.write("plain", text);
  for (const char* tool : {"gzip", "zstd"}) {
    const std::string packed = scratch.path(tool);
    ASSERT_EQ(std::system((std::string(tool) + " -q -c " + plain + " > " + packed).c_str()), 0);
    std::filesystem::resize_file(packed, std::filesystem::file_size(packed) / 2);
    const Taken taken = read_all({packed});
    ASSERT_FALSE(taken.status.has_value()) << tool;
    EXPECT_THAT(taken.status.error().text(), HasSubstr("cut off")) << tool;
    EXPECT_FALSE(taken.complete);
  }
}

TEST(Reader, SaysThatItIsDoneHoweverItEnds) {
  const Scratch scratch;
  std::string rows;
  for (std::size_t i = 0; i < core::kBatchRows + 1; ++i) rows += "1\n";
  const std::string good = scratch.write("good", rows);
  const std::string long_line = scratch.write("long", std::string(kMaxRowBytes + 1, 'x'));
  const std::string damaged = scratch.write("damaged", "\x1f\x8b\x08 no gzip");
  for (const std::string& bad : {long_line, damaged, scratch.path("missing"), scratch.path("")}) {
    const Taken taken = read_all({good, bad});
    EXPECT_FALSE(taken.status.has_value()) << bad;
    EXPECT_EQ(taken.times_done, 1) << bad;
    EXPECT_EQ(taken.batches, 1u) << "the one that is full; the rest stays unread";
    EXPECT_FALSE(taken.complete) << bad;
  }
  EXPECT_EQ(read_all({good}).times_done, 1);
}

TEST(Reader, DoesNotWaitInOpenForTheWriterOfANamedPipe) {
  const Scratch scratch;
  const std::string pipe = scratch.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::atomic<std::uint64_t> consumed = 0;
  const auto file = storage::InputFile::open(pipe, consumed);
  ASSERT_TRUE(file.has_value());
  std::array<char, 16> bytes{};
  EXPECT_EQ((*file)->read(bytes)->state, storage::InputFile::State::waiting);
  const int writer = ::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  EXPECT_EQ((*file)->read(bytes)->state, storage::InputFile::State::waiting);
  ASSERT_EQ(::write(writer, "12345", 5), 5);
  EXPECT_EQ((*file)->read(bytes)->count, 4u);
  ::close(writer);
  EXPECT_EQ((*file)->read(bytes)->count, 1u);
  EXPECT_EQ((*file)->read(bytes)->state, storage::InputFile::State::end);
}

TEST(Reader, SaysThatACompressedFileIsDamaged) {
  const Scratch scratch;
  const Taken taken =
      read_all({scratch.write("a", std::string("\x1f\x8b\x08") + std::string(40, '\xff'))});
  ASSERT_FALSE(taken.status.has_value());
  EXPECT_THAT(taken.status.error().text(), HasSubstr("damaged"));
}

TEST(Reader, StopsWhenTheRunStops) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"n\":" + std::to_string(i) + "}\n";
  flow::Shutdown shutdown;
  flow::Credits credits({1 << 20, std::size_t(1) << 40}, [] {});
  bool complete = true;
  std::size_t batches = 0;
  const std::string path = scratch.write("a", text);
  Reader reader({{{path}, {}}, {path}}, std::nullopt, credits, shutdown,
                {[&](core::RowBatch&&, flow::Cost) {
                   if (++batches == 3) shutdown.stop("on request");
                 },
                 [] {}, [&](std::uint64_t, bool whole) { complete = whole; }});
  ASSERT_TRUE(reader.run().has_value());
  EXPECT_EQ(batches, 3u);
  EXPECT_FALSE(complete);
}

TEST(ExpandPaths, SortsAGlobAndNamesWhatIsMissing) {
  const Scratch scratch;
  scratch.write("t-2.jsonl", "");
  scratch.write("t-1.jsonl", "");
  scratch.write("u.jsonl", "");
  const auto found =
      storage::expand_paths({scratch.path("u.jsonl"), scratch.path("t-*.jsonl"), "-"});
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(*found, ElementsAre(scratch.path("u.jsonl"), scratch.path("t-1.jsonl"),
                                  scratch.path("t-2.jsonl"), "-"));
  EXPECT_THAT(storage::expand_paths({scratch.path("nothing-*")}).error().text(),
              HasSubstr("no input file matches"));
  EXPECT_THAT(storage::expand_paths({scratch.path("nothing")}).error().text(),
              HasSubstr("there is no such input file"));
}

}  // namespace
}  // namespace sluice::stages
