#include "index/hash_index.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/scratch.h"

namespace sluice::index {
namespace {

using testing::HasSubstr;

core::Hash128 question(std::uint64_t i) {
  return core::hash128(std::to_string(i));
}

std::vector<core::Hash128> questions(std::uint64_t from, std::uint64_t to) {
  std::vector<core::Hash128> all;
  for (std::uint64_t i = from; i < to; ++i) all.push_back(question(i));
  return all;
}

class HashIndexTest : public testing::Test {
 protected:
  static void add(HashIndex& index, const std::vector<core::Hash128>& questions,
                  std::int64_t block) {
    const auto status = index.add(questions, block);
    ASSERT_TRUE(status.has_value()) << status.error().text();
  }
  static std::vector<std::int64_t> candidates(const HashIndex& index, const core::Hash128& q) {
    std::vector<std::int64_t> blocks;
    EXPECT_TRUE(index.candidates(q, blocks).has_value());
    return blocks;
  }
  static bool holds(const HashIndex& index, const core::Hash128& q, std::int64_t block) {
    const std::vector<std::int64_t> blocks = candidates(index, q);
    return std::ranges::find(blocks, block) != blocks.end();
  }

  Scratch scratch_;
};

TEST_F(HashIndexTest, FindsAMillionQuestionsAndFewOthersInFlatMemory) {
  constexpr std::uint64_t kQuestions = 1'000'000;
  HashIndex index(scratch_.path());
  const std::size_t empty = index.memory();
  EXPECT_LT(empty, 4'400'000U);
  for (std::uint64_t i = 0; i < kQuestions; i += 100)
    add(index, questions(i, i + 100), static_cast<std::int64_t>(i / 100 + 1));
  EXPECT_EQ(index.size(), kQuestions);
  EXPECT_EQ(index.runs(), 2U);
  EXPECT_LT(index.memory(), empty + kQuestions * 128 / 100);
  std::uint64_t missed = 0;
  for (std::uint64_t i = 0; i < kQuestions; ++i)
    missed += !holds(index, question(i), static_cast<std::int64_t>(i / 100 + 1));
  EXPECT_EQ(missed, 0U);
  // 36 bits tell two questions apart: a false tag in some 2^36 / 10^6 lookups.
  std::vector<std::int64_t> blocks;
  for (std::uint64_t i = kQuestions; i < 2 * kQuestions; ++i)
    ASSERT_TRUE(index.candidates(question(i), blocks).has_value());
  EXPECT_LT(blocks.size(), 60U);
}

// Small tables, so that there are hundreds of runs and merges of merges; batches, tables and
// questions by chance.
TEST_F(HashIndexTest, NeverMissesWhatWasAddedThroughRunsAndMerges) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::size_t slots = std::size_t{32} << random() % 5;
    const std::size_t first = std::min<std::size_t>(slots, std::size_t{2} << random() % 9);
    const std::uint32_t distinct = 50 + random() % 20'000;
    HashIndex index(scratch_.path(), slots, first);
    std::vector<std::pair<std::uint64_t, std::int64_t>> added;
    for (std::int64_t block = 1; added.size() < 5000; ++block) {
      std::vector<core::Hash128> batch;
      for (std::uint32_t n = random() % 100; n > 0; --n) {
        added.emplace_back(random() % distinct, block);
        batch.push_back(question(added.back().first));
      }
      add(index, batch, block);
      for (int i = 0; i < 10 && !added.empty(); ++i) {
        const auto& [q, at] = added[random() % added.size()];
        ASSERT_TRUE(holds(index, question(q), at)) << q << " of " << index.size();
      }
    }
    ASSERT_EQ(index.size(), added.size());
    std::map<std::uint64_t, std::vector<std::int64_t>> expected;
    for (const auto& [q, at] : added) expected[q].push_back(at);
    std::uint64_t others = 0;
    for (const auto& [q, blocks] : expected) {
      std::vector<std::int64_t> found = candidates(index, question(q));
      std::ranges::sort(found);
      ASSERT_TRUE(std::ranges::includes(found, blocks)) << q;
      others += found.size() - blocks.size();
    }
    EXPECT_LE(others, 4U) << "tags of other questions";
    for (std::uint64_t q = distinct; q < distinct + 8000; ++q)
      others += candidates(index, question(q)).size();
    EXPECT_LE(others, 4U) << "candidates for questions that are not there";
  }
}

TEST_F(HashIndexTest, ALevelHasEightRunsAtMostAndMemoryAShareOfTheQuestions) {
  constexpr std::size_t kSlots = 1024;
  HashIndex index(scratch_.path(), kSlots);
  const std::size_t table = index.memory();
  std::size_t most_runs = 0;
  // 1,116 tables: four levels of 8, 64, 512.
  for (std::uint64_t i = 0; i < 1'000'000; i += 64) {
    add(index, questions(i, i + 64), static_cast<std::int64_t>(i / 64 + 1));
    most_runs = std::max(most_runs, index.runs());
    // A page and a line of filter a run, and a buffer for each of three merges and their runs.
    ASSERT_LE(index.memory(), table + index.size() * 128 / 100 * 2 + 3 * 400'000 + 40 * 200);
  }
  EXPECT_LE(most_runs, 8U + 8U + 8U + 2U);
  EXPECT_LE(index.runs(), 26U);
}

TEST_F(HashIndexTest, GivesEveryBlockOfAQuestionAndOfOthersWithTheSameTag) {
  HashIndex index(scratch_.path(), 8);
  const core::Hash128 first{1, 0xabcdef0000000000};
  const core::Hash128 same_tag{2, 0xabcdef0000000001};
  add(index, {first}, 3);
  add(index, {first}, HashIndex::kMaxBlock);
  add(index, {same_tag}, 9);
  EXPECT_EQ(candidates(index, first), (std::vector<std::int64_t>{3, 9, HashIndex::kMaxBlock}));
}

TEST_F(HashIndexTest, HoldsAnyNumberOfQuestionsWhoseHashesBeginAlike) {
  for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{0xabcdef0000000000}, ~0UL}) {
    SCOPED_TRACE(low);
    HashIndex index(scratch_.path(), 256);
    std::set<std::int64_t> added = {HashIndex::kMaxBlock};
    add(index, {{1, low}}, HashIndex::kMaxBlock);
    for (std::int64_t block = 1; block <= 5000; ++block) {
      add(index, {{1, low}}, block);
      // The same leading bits, another tag.
      add(index, {{2, low ^ std::uint64_t{1} << 30}}, block);
      added.insert(block);
    }
    const auto found = candidates(index, {3, low});
    EXPECT_EQ(found.size(), added.size());
    EXPECT_EQ(std::set(found.begin(), found.end()), added);
    EXPECT_TRUE(candidates(index, {3, low ^ std::uint64_t{1} << 29}).empty());
  }
}

TEST_F(HashIndexTest, LeavesOutBlocksThatItCannotName) {
  HashIndex index(scratch_.path(), 8);
  add(index, {question(1)}, HashIndex::kMaxBlock + 1);
  EXPECT_EQ(index.size(), 0U);
}

TEST_F(HashIndexTest, ItsFilesHaveNoNames) {
  HashIndex index(scratch_.path(), 64);
  add(index, questions(0, 5000), 1);
  EXPECT_GT(index.runs(), 1U);
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
}

TEST_F(HashIndexTest, NeedsItsDirectoryOnlyWhenTheTableIsFull) {
  HashIndex index(scratch_.path() + "/nowhere", 64);
  add(index, questions(0, 56), 1);
  const auto status = index.add(questions(56, 57), 1);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, core::ErrorCode::io);
  EXPECT_EQ(status.error().where, scratch_.path() + "/nowhere");
  EXPECT_THAT(status.error().message, HasSubstr("temporary file here (No such file or directory)"));
  EXPECT_THAT(status.error().message, HasSubstr("mend that and run again"));
  EXPECT_TRUE(holds(index, question(0), 1));
}

// In a process of its own: the limit on file sizes holds for all of it.
TEST_F(HashIndexTest, ADiskWithoutRoomIsAnErrorOfTheAddThatNeedsIt) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{50'000, 50'000};  // room for runs of 896 slots, not for eight in one
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(10);
    HashIndex index(scratch_.path(), 1024);
    std::uint64_t added = 0;
    core::Status status;
    while (status && added < 100'000) {
      status = index.add(questions(added, added + 10), 1);
      added += 10;
    }
    if (status || status.error().code != core::ErrorCode::io) ::_exit(11);
    if (status.error().message.find("cannot write a temporary file here (File too large)") != 0)
      ::_exit(12);
    if (added < 8 * 896) ::_exit(13);
    for (std::uint64_t i = 0; i < added - 10; ++i)
      if (!holds(index, question(i), 1)) ::_exit(14);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(HashIndexTest, IsSearchedByOtherThreadsWhileOneAdds) {
  constexpr std::uint64_t kQuestions = 40'000;
  HashIndex index(scratch_.path(), 256, 16);
  std::atomic<std::uint64_t> added = 0;
  std::atomic<std::uint64_t> missed = 0;
  std::atomic<std::uint64_t> looked = 0;
  const auto look = [&](std::uint32_t seed) {
    std::mt19937 random(seed);
    while (true) {
      const std::uint64_t there = added;
      if (there == kQuestions) return;
      if (there == 0) continue;
      const std::uint64_t i = there - 1 - random() % std::min<std::uint64_t>(there, 5000);
      missed += !holds(index, question(i), static_cast<std::int64_t>(i / 50 + 1));
      ++looked;
    }
  };
  std::thread first(look, 1);
  std::thread second(look, 2);
  for (std::uint64_t i = 0; i < kQuestions; i += 50) {
    add(index, questions(i, i + 50), static_cast<std::int64_t>(i / 50 + 1));
    added = i + 50;
  }
  first.join();
  second.join();
  EXPECT_EQ(missed, 0U);
  EXPECT_GT(looked, 0U);
}

}  // namespace
}  // namespace sluice::index
