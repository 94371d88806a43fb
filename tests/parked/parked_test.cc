// The files of batches: what was parked is found again, and results are taken apart.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "codec/registry.h"
#include "core/json.h"
#include "parked/collect.h"
#include "parked/parked_rows.h"
#include "tests/scratch.h"

namespace sluice::parked {
namespace {

core::Hash128 question(std::uint64_t n) {
  return core::hash128("question " + std::to_string(n));
}

class ParkedTest : public testing::Test {
 protected:
  // A batch of lines with so many questions each, from `first` on.
  store::BatchRecord fill(const std::string& nonce, std::uint64_t first, std::uint32_t lines,
                          std::uint32_t each, ParkedRows* rows = nullptr) {
    auto writer = BatchWriter::create(folder_.path(), nonce, "\n");
    EXPECT_TRUE(writer.has_value()) << (writer ? "" : writer.error().text());
    if (rows != nullptr) {
      EXPECT_TRUE(rows->begin(nonce, 0).has_value());
    }
    for (std::uint32_t line = 0; line < lines; ++line) {
      std::vector<core::Hash128> questions;
      for (std::uint32_t i = 0; i < each; ++i)
        questions.push_back(question(first + line * each + i));
      EXPECT_TRUE(writer->add("{\"line\":" + std::to_string(line) + "}", questions).has_value());
      if (rows != nullptr) {
        EXPECT_TRUE(rows->add(nonce, line, questions).has_value());
      }
    }
    EXPECT_TRUE(writer->finish().has_value());
    store::BatchRecord record;
    record.nonce = nonce;
    record.lines = lines;
    record.bytes = writer->bytes();
    record.worst_cost = core::Money::picodollars(1000);
    record.phase = store::BatchPhase::created;
    return record;
  }
  void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  Scratch folder_;
};

TEST_F(ParkedTest, QuestionsAreFoundAtTheirPlacesWithinARunAndAfterIt) {
  ParkedRows now(folder_.path());
  const auto record = fill("aa", 0, 50, 3, &now);
  for (const bool sealed : {false, true}) {
    if (sealed) {
      ASSERT_TRUE(now.seal("aa").has_value());
    }
    const auto found = now.find(question(100));
    ASSERT_TRUE(found.has_value() && *found);
    EXPECT_EQ((*found)->where, Found::Where::out);
  }
  ParkedRows later(folder_.path());
  ASSERT_TRUE(later.load({record}).has_value());
  for (std::uint64_t n = 0; n < 150; ++n) {
    const auto found = later.find(question(n));
    ASSERT_TRUE(found.has_value() && *found) << n;
    EXPECT_EQ((*found)->position, n % 3);
    EXPECT_EQ((*later.questions((*found)->line)).at(n % 3), question(n));
  }
  EXPECT_FALSE(*later.find(question(150)));
}

TEST_F(ParkedTest, TheLatestBatchCounts) {
  auto first = fill("aa", 0, 10, 1);
  first.phase = store::BatchPhase::dropped;
  const auto second = fill("bb", 0, 10, 1);
  ParkedRows rows(folder_.path());
  ASSERT_TRUE(rows.load({first, second}).has_value());
  const auto found = rows.find(question(4));
  ASSERT_TRUE(found.has_value() && *found);
  EXPECT_EQ((*found)->where, Found::Where::out);
  EXPECT_EQ((*found)->batches, 0U) << "the first was not run";
  ASSERT_TRUE(rows.ended("bb", store::BatchPhase::collected).has_value());
  EXPECT_EQ((*rows.find(question(4)))->where, Found::Where::unanswered);
  EXPECT_EQ((*rows.find(question(4)))->batches, 1U);
}

TEST_F(ParkedTest, FilesOfNoBatchAreRemovedAndDamagedOnesTold) {
  fill("aa", 0, 10, 1);
  const auto record = fill("bb", 20, 10, 1);
  ParkedRows rows(folder_.path());
  ASSERT_TRUE(rows.load({record}).has_value());
  EXPECT_FALSE(std::filesystem::exists(file_of(folder_.path(), "aa", FileKind::rows)));
  std::filesystem::resize_file(file_of(folder_.path(), "bb", FileKind::rows), 30);
  ParkedRows damaged(folder_.path());
  const auto loaded = damaged.load({record});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, core::ErrorCode::corrupt);
}

TEST_F(ParkedTest, ResultsAreOfTheirLinesWhateverTheirOrder) {
  provider::EndpointSpec spec;
  spec.provider = codec::find_provider("openai");
  spec.base_url = "https://api.openai.com/v1";
  spec.model = "m";
  spec.batch = true;
  const auto api = codec::make_batch_api(spec);
  const auto codec = codec::make_codec(spec);
  core::Price price{};
  price.input = core::Money::picodollars(10);
  price.output = core::Money::picodollars(100);
  auto record = fill("n", 0, 6, 1);
  const auto good = [](int n) {
    return R"({"custom_id":"n-)" + std::to_string(n) +
           R"(","response":{"status_code":200,"body":{"choices":[{"message":{"content":"yes"}}],)" +
           R"("service_tier":"default","usage":{"prompt_tokens":7,"completion_tokens":3}}}})";
  };
  const std::string path = folder_.path() + "/results";
  write(
      path,
      good(4) + "\n\n" + good(0) + "\n" +
          R"({"custom_id":"n-1","error":{"code":"batch_expired","message":"late"}})" + "\n" +
          good(0) + "\n" +
          R"({"custom_id":"n-2","response":{"status_code":500,"body":{"error":{"message":"x"}}}})" +
          "\n" + R"({"custom_id":"m-2","response":{}})" + "\n" +
          R"({"custom_id":"n-6","error":{}})" + "\n" + R"({"custom_id":"n--1","error":{}})" +
          "\nnot json\n" + good(3));
  const auto collected = collect({*api, *codec, price, record, core::WallTime()}, path);
  ASSERT_TRUE(collected.has_value());
  EXPECT_EQ(collected->answered, 3U);
  EXPECT_EQ(collected->doubled, 1U);
  EXPECT_EQ(collected->foreign, 4U);
  EXPECT_EQ(collected->cost, core::Money::picodollars(3 * 370));
  EXPECT_EQ(collected->settlements[1].billing, provider::Billing::none) << "it was not run";
  EXPECT_EQ(collected->settlements[5].billing, provider::Billing::none) << "nor was this";
  EXPECT_EQ(collected->places[5].length, 0U);
  record.done = 5;
  record.failed = 1;
  const auto counted = collect({*api, *codec, price, record, core::WallTime()}, path);
  EXPECT_EQ(counted->settlements[5].billing, provider::Billing::possible)
      << "all were run, and of this one nothing came";
  EXPECT_EQ(counted->settlements[5].cost, core::Money::picodollars(1000 / 6));
  record.done = 3;
  EXPECT_EQ(collect({*api, *codec, price, record, core::WallTime()}, path)->settlements[5].billing,
            provider::Billing::none)
      << "all that the provider counts as done came";
  EXPECT_EQ(
      collect({*api, *codec, price, record, core::WallTime(), true}, path)->settlements[5].billing,
      provider::Billing::possible);
}

TEST_F(ParkedTest, LinesThatLieAcrossPiecesAreReadWhole) {
  provider::EndpointSpec spec;
  spec.provider = codec::find_provider("openai");
  spec.base_url = "https://api.openai.com/v1";
  spec.model = "m";
  spec.batch = true;
  const auto api = codec::make_batch_api(spec);
  const auto codec = codec::make_codec(spec);
  const auto record = fill("n", 0, 40, 1);
  std::string text;
  for (int n = 0; n < 40; ++n)
    text += R"({"custom_id":"n-)" + std::to_string(n) +
            R"(","response":{"status_code":200,"body":{"choices":[{"message":{"content":")" +
            std::string(100'000, static_cast<char>('a' + n % 26)) + R"("}}]}}})" + "\n";
  const std::string path = folder_.path() + "/results";
  write(path, text);
  const auto collected = collect({*api, *codec, core::Price{}, record, core::WallTime()}, path);
  ASSERT_TRUE(collected.has_value());
  EXPECT_EQ(collected->answered, 40U);
  std::filesystem::copy(path, file_of(folder_.path(), "n", FileKind::replies));
  ASSERT_TRUE(RepliesFile::write_index(folder_.path(), "n", collected->places).has_value());
  const auto replies = RepliesFile::open(folder_.path(), "n");
  ASSERT_TRUE(replies.has_value());
  for (std::uint32_t n = 0; n < 40; ++n) {
    const auto line = replies->line(n);
    ASSERT_TRUE(line.has_value() && *line);
    EXPECT_TRUE((*line)->starts_with("{\"custom_id\":\"n-" + std::to_string(n) + "\""));
    EXPECT_TRUE((*line)->ends_with("}}}"));
  }
}

TEST_F(ParkedTest, ACancelIsAskedForOnce) {
  EXPECT_FALSE(take_cancels(folder_.path()));
  ASSERT_TRUE(ask_to_cancel(folder_.path(), std::vector<std::string>{"a", "b"}).has_value());
  EXPECT_EQ(take_cancels(folder_.path()), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(take_cancels(folder_.path()));
  ASSERT_TRUE(ask_to_cancel(folder_.path(), {}).has_value());
  EXPECT_EQ(take_cancels(folder_.path()), std::vector<std::string>()) << "all";
}

}  // namespace
}  // namespace sluice::parked
