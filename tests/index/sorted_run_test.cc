// What the question index is made of: the table, the filter, runs and their merge.
#include <algorithm>
#include <random>

#include "index/memtable.h"
#include "index/merge.h"
#include "tests/scratch.h"

namespace sluice::index {
namespace {

// In ascending order. Every third has a tag that others have too.
std::vector<Slot> random_slots(std::size_t count, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Slot> slots;
  while (slots.size() < count) {
    const Slot tag = random() % 3 == 0 ? tag_of(random() % 97 << 57) : tag_of(random());
    slots.push_back(tag | (1 + random() % kSlotBlockMask));
  }
  std::ranges::sort(slots);
  return slots;
}

std::shared_ptr<const SortedRun> run_of(const std::string& directory,
                                        const std::vector<Slot>& slots) {
  auto writer = SortedRunWriter::begin(directory, slots.size());
  EXPECT_TRUE(writer.has_value()) << writer.error().text();
  for (const Slot slot : slots) EXPECT_TRUE(writer->append(slot).has_value());
  auto run = writer->finish();
  EXPECT_TRUE(run.has_value()) << run.error().text();
  return *run;
}

std::vector<Slot> all_of(const SortedRun& run) {
  std::vector<Slot> slots(run.size());
  EXPECT_TRUE(run.read(0, slots).has_value());
  return slots;
}

std::vector<std::int64_t> blocks_of(const std::vector<Slot>& slots, Slot tag) {
  std::vector<std::int64_t> blocks;
  for (const Slot slot : slots)
    if (tag_of(slot) == tag) blocks.push_back(block_in(slot));
  return blocks;
}

TEST(Memtable, KeepsItsSlotsInOrderUpToSevenEighths) {
  std::mt19937_64 random(1);
  Memtable table(1024);
  std::vector<Slot> inserted;
  for (Slot slot = random(); table.insert(slot); slot = random()) inserted.push_back(slot);
  EXPECT_EQ(inserted.size(), 896U);
  std::ranges::sort(inserted);
  std::vector<Slot> slots;
  std::ranges::copy_if(table.slots(), std::back_inserter(slots), [](Slot s) { return s != 0; });
  EXPECT_EQ(slots, inserted);
  for (const Slot slot : inserted) {
    std::vector<std::int64_t> blocks;
    table.find(tag_of(slot), blocks);
    EXPECT_EQ(blocks, blocks_of(inserted, tag_of(slot)));
  }
  table.clear();
  EXPECT_TRUE(table.insert(inserted[0]));
}

TEST(Memtable, IsFullWhenEqualBeginningsReachItsEnd) {
  Memtable table(1024);
  const Slot last = tag_of(~Slot{0});
  Slot block = 1;
  while (table.insert(last | block)) ++block;
  EXPECT_GE(block, 64U);
  EXPECT_LT(block, 100U);
  std::vector<std::int64_t> blocks;
  table.find(last, blocks);
  EXPECT_EQ(blocks.size(), block - 1);
}

TEST(BloomFilter, HoldsWhatWasAddedAndTakesOneInAHundredForIt) {
  constexpr std::size_t kTags = 200'000;
  std::mt19937_64 random(2);
  BloomFilter filter(kTags);
  std::vector<Slot> tags;
  for (std::size_t i = 0; i < kTags; ++i) tags.push_back(tag_of(random()));
  for (const Slot tag : tags) filter.add(BloomFilter::Key(tag));
  for (const Slot tag : tags) ASSERT_TRUE(filter.may_hold(BloomFilter::Key(tag)));
  std::size_t maybe = 0;
  for (std::size_t i = 0; i < kTags; ++i) maybe += filter.may_hold(BloomFilter::Key(random()));
  EXPECT_LT(maybe, kTags * 15 / 1000);
  EXPECT_LT(filter.bytes(), kTags * 126 / 100);
}

TEST(SortedRun, FindsTheBlocksOfATagInOneReadOrMore) {
  const Scratch scratch;
  for (const std::size_t size : {1U, 511U, 512U, 513U, 1024U, 30'000U}) {
    SCOPED_TRACE(size);
    const std::vector<Slot> slots = random_slots(size, 3);
    const auto run = run_of(scratch.path(), slots);
    EXPECT_EQ(all_of(*run), slots);
    for (std::size_t i = 0; i < size; i += 1 + size / 500) {
      std::vector<std::int64_t> blocks;
      ASSERT_TRUE(run->find(BloomFilter::Key(tag_of(slots[i])), blocks).has_value());
      EXPECT_EQ(blocks, blocks_of(slots, tag_of(slots[i])));
    }
  }
}

TEST(Merge, MakesOneRunOfSeveralWhateverTheSteps) {
  const Scratch scratch;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<Merge::Run> runs;
    std::vector<Slot> all;
    for (std::uint32_t n = 1 + random() % 9; n > 0; --n) {
      std::vector<Slot> slots = random_slots(1 + random() % 6000, random());
      if (random() % 2 == 0) slots.back() = ~Slot{0};
      all.insert(all.end(), slots.begin(), slots.end());
      runs.push_back(run_of(scratch.path(), slots));
    }
    std::ranges::sort(all);
    auto merge = Merge::begin(scratch.path(), runs);
    ASSERT_TRUE(merge.has_value());
    Merge::Run merged;
    for (std::size_t steps = 0; merged == nullptr; ++steps) {
      ASSERT_LE(steps, all.size());
      auto step = (*merge)->step(1 + random() % 2000);
      ASSERT_TRUE(step.has_value());
      merged = *step;
    }
    EXPECT_EQ(all_of(*merged), all);
  }
}

}  // namespace
}  // namespace sluice::index
