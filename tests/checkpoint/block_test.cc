#include "checkpoint/block.h"

#include <zstd.h>

#include <random>

#include "support.h"

namespace sluice::checkpoint {
namespace {

BlockBuilder::Block block_of(const std::vector<store::Entry>& entries) {
  BlockBuilder builder;
  for (const store::Entry& entry : entries)
    builder.add(entry, entry.kind == store::Kind::answer ? 7 : 0, entry.line.size() % 2 == 0);
  auto block = builder.finish();
  EXPECT_TRUE(block.has_value());
  return *block;
}

TEST(Block, GivesBackEveryEntryAndTheProjectionsText) {
  std::vector<store::Entry> entries = {answer("a"), reject("b"), answer("c", "long label"),
                                       reject("d")};
  entries.push_back({});  // an empty answer line
  const auto block = block_of(entries);
  EXPECT_EQ(block.answers_count, 3U);
  EXPECT_EQ(block.rejects_count, 2U);

  const auto keys = BlockKeys::decode(block.keys);
  ASSERT_TRUE(keys);
  const auto lines = BlockLines::decode(block.payload, *keys);
  ASSERT_TRUE(lines);
  ASSERT_EQ(keys->size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const store::Entry& e = entries[i];
    const KeyRecord expected{.row = e.row,
                             .question = e.question,
                             .model = e.kind == store::Kind::answer ? 7U : 0U,
                             .kind = e.kind,
                             .repeat = e.line.size() % 2 == 0};
    EXPECT_EQ(keys->at(i), expected) << i;
    EXPECT_EQ(lines->line(i), e.line) << i;
    EXPECT_EQ(lines->answer_at(i), e.answer_at) << i;
  }
  EXPECT_EQ(lines->standing(*keys, store::Kind::answer),
            entries[0].line + "\n" + entries[2].line + "\n\n");
  EXPECT_EQ(lines->standing(*keys, store::Kind::reject),
            entries[1].line + "\n" + entries[3].line + "\n");
  EXPECT_EQ(block.answers, lines->standing(*keys, store::Kind::answer));
  EXPECT_EQ(block.rejects, lines->standing(*keys, store::Kind::reject));
}

TEST(Block, TheBuilderBeginsAnewAfterEachBlock) {
  BlockBuilder builder;
  builder.add(answer("a"), 1, false);
  ASSERT_TRUE(builder.finish());
  EXPECT_TRUE(builder.empty());
  builder.add(answer("b"), 1, false);
  const auto second = builder.finish();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->answers, answer("b").line + "\n");
  EXPECT_EQ(second->answers_count, 1U);
  const auto keys = BlockKeys::decode(second->keys);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->at(0).row, answer("b").row);
  EXPECT_EQ(BlockLines::decode(second->payload, *keys)->line(0), answer("b").line);
}

TEST(Block, IsFullAtItsEntriesOrItsBytes) {
  BlockBuilder many;
  for (std::size_t i = 0; i < kBlockEntries; ++i) {
    EXPECT_FALSE(many.full());
    many.add(answer("a"), 1, false);
  }
  EXPECT_TRUE(many.full());
  BlockBuilder large;
  store::Entry entry = answer("a");
  entry.line.assign(kBlockBytes - 2, ' ');
  large.add(entry, 1, false);
  EXPECT_FALSE(large.full());
  large.add(answer("b"), 1, false);
  EXPECT_TRUE(large.full());
}

TEST(Block, FindsAnswersByQuestionAndNotRejects) {
  const auto block = block_of({reject("a"), answer("b"), answer("a"), answer("a", "again")});
  const auto keys = BlockKeys::decode(block.keys);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->find(hash_of("question a")), 2U);
  EXPECT_EQ(keys->find(hash_of("question a"), 3), 3U);
  EXPECT_EQ(keys->find(hash_of("question a"), 4), keys->size());
  EXPECT_EQ(keys->find(hash_of("question nobody asked")), keys->size());
}

TEST(Block, RefusesKeysWithAnyBitChanged) {
  const auto block = block_of({answer("a"), reject("b")});
  for (std::size_t bit = 0; bit < block.keys.size() * 8; ++bit) {
    std::string keys = block.keys;
    keys[bit / 8] = static_cast<char>(keys[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(BlockKeys::decode(keys)) << bit;
  }
}

TEST(Block, NeverGivesOtherLinesForAPayloadWithABitChanged) {
  std::vector<store::Entry> entries;
  for (int i = 0; i < 20; ++i)
    entries.push_back(i % 5 == 0 ? reject(std::to_string(i)) : answer(std::to_string(i)));
  const auto block = block_of(entries);
  const auto keys = BlockKeys::decode(block.keys);
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < block.payload.size() * 8; ++bit) {
    std::string payload = block.payload;
    payload[bit / 8] = static_cast<char>(payload[bit / 8] ^ (1 << (bit % 8)));
    const auto lines = BlockLines::decode(payload, *keys);
    if (!lines) {
      ++refused;
      continue;
    }
    // Some bits of a frame's header mean nothing.
    EXPECT_EQ(lines->standing(*keys, store::Kind::answer), block.answers) << bit;
    EXPECT_EQ(lines->standing(*keys, store::Kind::reject), block.rejects) << bit;
  }
  EXPECT_GT(refused, block.payload.size() * 7);
}

TEST(Block, RefusesEveryTruncation) {
  const auto block = block_of({answer("a"), reject("b"), answer("c")});
  const auto keys = BlockKeys::decode(block.keys);
  for (std::size_t n = 0; n < block.keys.size(); ++n)
    EXPECT_FALSE(BlockKeys::decode(block.keys.substr(0, n))) << n;
  for (std::size_t n = 0; n < block.payload.size(); ++n)
    EXPECT_FALSE(BlockLines::decode(block.payload.substr(0, n), *keys)) << n;
}

std::string compressed(std::string_view raw) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 1));
  return out;
}

TEST(Block, RefusesLengthsThatDoNotAddUp) {
  const auto keys = BlockKeys::decode(block_of({answer("a"), answer("b")}).keys);
  const auto raw = [](std::uint32_t length1, std::uint32_t at1, std::uint32_t length2,
                      const std::string& text) {
    std::string out(16, '\0');
    const std::uint32_t words[4] = {length1, at1, length2, 0};
    std::memcpy(out.data(), words, sizeof words);
    return out + text;
  };
  EXPECT_TRUE(BlockLines::decode(compressed(raw(2, 1, 1, "{}\n1\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed(raw(2, 3, 1, "{}\n1\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed(raw(1, 0, 1, "{}\n1\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed(raw(1, 0, 2, "{}\n1\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed(raw(0xffffffff, 0, 1, "{}\n1\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed(raw(2, 0, 5, "{}\n1\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed(raw(2, 0, 1, "{}\n1\n2\n")), *keys));
  EXPECT_FALSE(BlockLines::decode(compressed("short"), *keys));
  EXPECT_FALSE(BlockLines::decode("", *keys));
}

TEST(Block, SurvivesNoise) {
  std::mt19937 random(1);
  const auto keys = BlockKeys::decode(block_of({answer("a"), answer("b")}).keys);
  for (int i = 0; i < 20000; ++i) {
    std::string noise(random() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    EXPECT_FALSE(BlockKeys::decode(noise));
    EXPECT_FALSE(BlockLines::decode(noise, *keys));
  }
}

}  // namespace
}  // namespace sluice::checkpoint
