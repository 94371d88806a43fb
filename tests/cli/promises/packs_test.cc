// Packs whose replies are spoilt in every way: each good row ends with the answer to its own text,
// and exactly the poison rows are rejected. SLUICE_PACK_ROWS sets the scale.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "mock/answerer.h"
#include "tests/cli/world.h"

namespace sluice::cli {
namespace {

constexpr char kPackedSchema[] =
    R"({"type":"object","properties":{"colour":{"type":"string","enum":["red","green","blue"]},)"
    R"("size":{"type":"integer","minimum":1,"maximum":9},"words":{"type":"string","maxLength":60}},)"
    R"("required":["colour","size","words"],"additionalProperties":false})";
constexpr std::size_t kPoisonEvery = 1000;

// No two rows of one text, so that an answer tells whose it is.
std::string text_of_row(std::size_t i) {
  return fmt::format("ticket{0} about item{0} and part{1} for shop{2}{3}", i, i * 7 + 1, i * 13 + 5,
                     i % kPoisonEvery == kPoisonEvery / 2 ? " nightshade" : "");
}

class Packs : public testing::Test {
 protected:
  void begin(std::size_t rows, int rows_a_request) {
    std::string text;
    for (std::size_t i = 0; i < rows; ++i)
      text += fmt::format("{{\"id\":\"T-{}\",\"text\":\"{}\"}}\n", i, text_of_row(i));
    world_.write("in.jsonl", text);
    world_.make_job(rows_a_request, "max_concurrency = 32", "s.parse { retries = 12 }");
    std::string job = world_.read("job.lua");
    const std::string size = "size = s.int { min = 1, max = 9 }";
    job.replace(job.find(size), size.size(), size + ", words = s.text { max = 60 }");
    // A stage stands before the sink.
    const std::string sink = "s.sink { \"out.jsonl\" },";
    job.erase(job.find(sink), sink.size());
    job.replace(job.find("s.parse { retries = 12 }"), 24, "s.parse { retries = 12 },\n" + sink);
    world_.write("job.lua", job);
  }

  // What is wrong with the output, or "".
  std::string wrong(std::size_t rows) const {
    std::unordered_map<std::string, std::string> lines;
    for (const std::string& line : world_.lines("out.jsonl"))
      lines[line.substr(7, line.find('"', 7) - 7)] = line;
    std::unordered_map<std::string, std::string> rejected;
    for (const std::string& line : world_.lines("out.rejects.jsonl"))
      rejected[line.substr(8, line.find('"', 8) - 8)] = line;
    for (std::size_t i = 0; i < rows; ++i) {
      const std::string key = fmt::format("T-{}", i);
      const bool poison = i % kPoisonEvery == kPoisonEvery / 2;
      if (poison != rejected.contains(key))
        return key + (poison ? " lives" : " was rejected: " + rejected.at(key));
      if (poison) continue;
      const std::string answer = mock::answer_for(kPackedSchema, text_of_row(i), 1);
      const std::string expected = fmt::format("{{\"id\":\"{}\",{}", key, answer.substr(1));
      if (lines[key] != expected) return "expected " + expected + ", got " + lines[key];
    }
    return lines.size() + rejected.size() == rows ? "" : "more lines than rows";
  }

  World world_;
};

TEST_F(Packs, EveryGoodRowGetsItsAnswerWhateverSpoilsTheReplies) {
  const char* scale = std::getenv("SLUICE_PACK_ROWS");
  const std::size_t rows = scale == nullptr ? 4000 : std::strtoull(scale, nullptr, 10);
  begin(rows, 20);
  world_.start_mock({"--drop-row", "0.05", "--double-row", "0.05", "--reorder", "0.05", "--re-id",
                     "0.05", "--truncate", "0.05", "--garble", "0.05", "--poison", "nightshade"});
  const auto ended = world_.sluice(world_.run_job());
  EXPECT_EQ(ended.status, 1) << ended.errors;
  EXPECT_EQ(wrong(rows), "");
  const auto audit = world_.sluice({"audit", "job.lua", "--set", "base_url=http://none"});
  EXPECT_EQ(audit.status, 0) << audit.output;
  std::printf("%zu rows: %llu requests, %zu without a fault\n", rows,
              static_cast<unsigned long long>(world_.mock_stats().requests), (rows + 19) / 20);
}

// Without other faults: 2·⌈log₂ 20⌉ requests beyond its pack for each poison row, and as many as
// `retries` leaves to it alone.
TEST_F(Packs, APoisonRowCostsTwiceTheLogarithmOfItsPack) {
  constexpr std::size_t kRows = 4000;
  begin(kRows, 20);
  std::string job = world_.read("job.lua");
  job.replace(job.find("retries = 12"), 12, "retries = 2");
  world_.write("job.lua", job);
  world_.start_mock({"--poison", "nightshade"});
  EXPECT_EQ(world_.sluice(world_.run_job()).status, 1);
  EXPECT_EQ(wrong(kRows), "");
  EXPECT_LE(world_.mock_stats().requests, kRows / 20 + 10 * kRows / kPoisonEvery);
}

}  // namespace
}  // namespace sluice::cli
