// Power is lost after every single write, truncation and sync of a job in turn, with unsynced
// writes lost, torn and kept by chance; the job is opened again and compared (journal.h's
// invariants). Durability::power must have kept all that it promised; Durability::process may have
// lost the last moments, but must stand in one piece.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "checkpoint/journal.h"
#include "checkpoint/redo.h"
#include "faulty_disk.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

// The projection on the same disk.
class DiskProjection final : public Projection {
 public:
  DiskProjection(FaultyDisk& disk, const std::string& directory)
      : disk_(disk),
        answers_(directory + "/answers.jsonl"),
        rejects_(directory + "/rejects.jsonl") {}

  core::Result<store::Position> open(store::Position recorded, Past&) override {
    std::error_code error;
    for (const auto& [path, size] :
         {std::pair(&answers_, recorded.answers), std::pair(&rejects_, recorded.rejects)})
      if (!std::filesystem::exists(*path) || std::filesystem::file_size(*path, error) < size)
        recorded = {};
    disk_.truncate(answers_, recorded.answers);
    disk_.truncate(rejects_, recorded.rejects);
    position_ = recorded;
    return recorded;
  }
  core::Status append(std::string_view answers, std::string_view rejects) override {
    if (!answers.empty()) disk_.write_at_end(answers_, answers);
    if (!rejects.empty()) disk_.write_at_end(rejects_, rejects);
    position_.answers += answers.size();
    position_.rejects += rejects.size();
    return {};
  }
  core::Result<store::Mark> write_out() override { return store::Mark{position_, {}}; }
  core::Status sync() override {
    disk_.sync(answers_);
    disk_.sync(rejects_);
    return {};
  }
  std::string text() const { return read_file(answers_) + read_file(rejects_); }

 private:
  FaultyDisk& disk_;
  std::string answers_;
  std::string rejects_;
  store::Position position_;
};

struct Life {
  ScratchDirectory scratch;
  FaultyDisk disk;
  DiskProjection projection{disk, scratch.path()};
  index::HashIndex index{scratch.job(), 16};      // so small that it is written to files as well
  index::SpilledMultiset done{scratch.job(), 8};  // the same
  std::unique_ptr<Journal> journal;

  std::map<int, store::Entry> handed;  // rows that were passed to commit()
  std::set<int> promised;              // and whose commit returned before power was lost
  std::set<std::uint64_t> intended, intended_promised, settled_handed, settled_promised;
  std::uint64_t next_attempt = 1;
  int next_row = 0;

  void open(const Options& options) {
    journal.reset();
    done = index::SpilledMultiset(scratch.job(), 8);
    auto store = store::SqliteStore::open(options.directory);
    ASSERT_TRUE(store.has_value()) << store.error().text();
    auto opened = Journal::open(std::move(*store), options, projection, index, done);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    journal = std::move(*opened);
    next_attempt = std::max(next_attempt, journal->opened().next_attempt);
  }

  // A part of the job, its size by chance. Errors are power that went.
  void work(std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<std::uint64_t> open_attempts;
    std::optional<Journal::Extent> written;  // whose sync is under way
    for (int round = 0; round < 6; ++round) {
      std::vector<store::Intent> intents;
      for (std::uint32_t n = 1 + random() % 4; n > 0; --n)
        intents.push_back({next_attempt++, 0, dollars(1)});
      for (const store::Intent& intent : intents) intended.insert(intent.attempt);
      if (!journal->commit(intents, {})) return;
      for (const store::Intent& intent : intents) {
        open_attempts.push_back(intent.attempt);
        if (disk.has_power()) intended_promised.insert(intent.attempt);
      }
      store::Results results;
      std::vector<int> rows;
      while (!open_attempts.empty() && random() % 8 != 0) {
        const std::uint64_t attempt = open_attempts.back();
        open_attempts.pop_back();
        results.settlements.push_back(settled(attempt, 0, 0.5));
        settled_handed.insert(attempt);
        const int row = next_row++;
        const store::Entry entry =
            row % 5 == 0 ? reject(std::to_string(row)) : answer(std::to_string(row));
        handed[row] = entry;
        rows.push_back(row);
        results.entries.push_back(entry);
      }
      const std::vector<store::Results> all = {results};
      if (!journal->commit({}, all)) return;
      if (disk.has_power()) {
        promised.insert(rows.begin(), rows.end());
        for (const store::Settlement& s : results.settlements) settled_promised.insert(s.attempt);
      }
      if (!journal->project()) return;
      // A sync begins now and is over now or some rounds later; the next commit records it.
      if (!written && random() % 2 == 0) {
        const auto extent = journal->write_out();
        if (!extent) return;
        written = *extent;
      }
      if (written && random() % 2 == 0) {
        if (!journal->sync()) return;
        journal->synced(*written);
        written.reset();
        if (random() % 2 == 0 && !journal->commit({}, {})) return;
      }
    }
    if (random() % 2 == 0) (void)journal->close();
  }

  // The rows in the checkpoint are those in the projection; which they are.
  std::set<int> compare_rows() {
    std::set<int> found;
    std::multiset<std::string> expected;
    for (const auto& [row, entry] : handed) {
      if (!*done.take(entry.row)) continue;
      EXPECT_FALSE(*done.take(entry.row)) << "row " << row << " twice";
      found.insert(row);
      expected.insert(entry.line);
    }
    EXPECT_EQ(done.size(), 0U);
    std::multiset<std::string> lines;
    std::istringstream text(projection.text());
    for (std::string line; std::getline(text, line);) lines.insert(line);
    EXPECT_EQ(lines, expected);
    return found;
  }

  void compare(bool promises_hold) {
    const std::set<int> found = compare_rows();
    const store::EndpointLedger total = journal->account().total();
    EXPECT_EQ(total.answered, found.size());
    EXPECT_EQ(total.cost, dollars(0.5) * found.size());
    EXPECT_LE(total.attempts + total.maybe_billed, intended.size());
    EXPECT_EQ(total.maybe_billed_cost, dollars(1) * total.maybe_billed);
    if (!promises_hold) return;
    EXPECT_TRUE(std::ranges::includes(found, promised)) << "a durable row is lost";
    EXPECT_GE(total.attempts, settled_promised.size());
    EXPECT_GE(total.attempts + total.maybe_billed, intended_promised.size());
    if (!intended_promised.empty()) {
      EXPECT_GT(journal->opened().next_attempt, *intended_promised.rbegin());
    }
  }
};

class PowerCutTest : public testing::TestWithParam<std::tuple<store::Durability, std::uint32_t>> {};

TEST_P(PowerCutTest, AfterAnyStepTheJobGoesOnWithAllThatWasPromised) {
  const auto [durability, seed] = GetParam();
  std::uint64_t cuts = 0;
  for (std::uint64_t step = 0; !HasFailure(); ++step) {
    SCOPED_TRACE("power lost after step " + std::to_string(step));
    Life life;
    Options options = options_for(life.scratch);
    options.durability = durability;
    std::filesystem::create_directories(options.directory);
    std::mt19937 random(seed * 1000 + static_cast<std::uint32_t>(step));

    life.open(options);
    ASSERT_NE(life.journal, nullptr);
    life.disk.lose_power_after(step);
    life.work(seed);
    const bool lost = !life.disk.has_power();
    life.journal.reset();
    if (lost) life.disk.restore(random);
    life.open(options);
    if (HasFailure()) return;
    life.compare(durability == store::Durability::power || !lost);
    life.work(seed + 1);  // it goes on
    life.open(options);
    if (HasFailure()) return;
    life.compare(durability == store::Durability::power || !lost);
    if (!lost) break;
    ++cuts;
  }
  EXPECT_GT(cuts, 30U);
}

// Power is lost after every step of a redo, and of the first opening after it, which writes the
// rejects file anew.
TEST_P(PowerCutTest, ARedoIsWholeOrNotAtAll) {
  const auto [durability, seed] = GetParam();
  std::uint64_t undone = 0;
  std::uint64_t done = 0;
  for (std::uint64_t step = 0; !HasFailure(); ++step) {
    SCOPED_TRACE("power lost after step " + std::to_string(step));
    Life life;
    Options options = options_for(life.scratch);
    options.durability = store::Durability::power;  // until the redo
    std::filesystem::create_directories(options.directory);
    std::mt19937 random(seed * 1000 + static_cast<std::uint32_t>(step));
    life.open(options);
    ASSERT_NE(life.journal, nullptr);
    life.work(seed);
    life.open(options);  // all that was promised, and nothing else
    ASSERT_NE(life.journal, nullptr);
    const std::uint64_t ended = life.journal->opened().done_rows;
    life.journal.reset();
    std::set<int> rejected;
    for (const auto& [row, entry] : life.handed)
      if (entry.kind == store::Kind::reject && *life.done.take(entry.row)) rejected.insert(row);
    ASSERT_GT(rejected.size(), 1U);

    options.durability = durability;
    life.disk.lose_power_after(step);
    const auto taken = take_back(options.directory, options.job, options.fingerprint,
                                 [](std::string_view) { return true; });
    const bool promised = taken.has_value() && life.disk.has_power();
    if (promised) {
      EXPECT_EQ(*taken, rejected.size());
    }
    if (life.disk.has_power()) {
      life.done = index::SpilledMultiset(life.scratch.job(), 8);
      auto store = store::SqliteStore::open(options.directory);
      if (store) {
        auto opened =
            Journal::open(std::move(*store), options, life.projection, life.index, life.done);
        if (opened) (void)(*opened)->close();
      }
    }
    const bool lost = !life.disk.has_power();
    if (lost) life.disk.restore(random);

    life.open(options);
    if (HasFailure()) return;
    const bool withdrawn = life.journal->opened().done_rows != ended;
    if (promised) {
      EXPECT_TRUE(withdrawn) << "a durable redo is lost";
    }
    if (withdrawn) {
      EXPECT_EQ(life.journal->opened().done_rows, ended - rejected.size());
      for (const int row : rejected) life.handed.erase(row);
      // They are asked again, and end another way.
      std::map<int, store::Entry> kept = std::move(life.handed);
      life.handed = {};
      std::vector<store::Entry> again;
      for (const int row : rejected) again.push_back(answer(std::to_string(row), "at last"));
      const std::vector<store::Results> results = {{{}, again}};
      ASSERT_TRUE(life.journal->commit({}, results).has_value());
      ASSERT_TRUE(life.journal->project().has_value());
      std::size_t i = 0;
      for (const int row : rejected) kept[row] = again[i++];
      life.handed = std::move(kept);
      ++done;
    } else {
      ++undone;
    }
    life.open(options);
    if (HasFailure()) return;
    life.compare_rows();
    if (!lost) break;
  }
  EXPECT_GT(undone, 1U);
  EXPECT_GT(done, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Steps, PowerCutTest,
    testing::Combine(testing::Values(store::Durability::power, store::Durability::process),
                     testing::Range(1U, 3U)),
    [](const auto& test) {
      return (std::get<0>(test.param) == store::Durability::power ? "Power" : "Process") +
             std::to_string(std::get<1>(test.param));
    });

// A run with durability "power" was killed and has left results in its log alone; one with
// "process" takes them over, and the power goes before it has synced anything of its own.
TEST(PowerCut, WhatALogHadPromisedOutlivesARunThatPromisesLess) {
  for (std::uint32_t seed = 1; seed <= 8 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ScratchDirectory scratch;
    FileProjection projection(scratch.path());
    Options options = options_for(scratch);
    options.durability = store::Durability::power;
    auto killed = open_checkpoint(options, projection);
    commit_now(*killed, {answer("applied")}, {settled(1, 0, 1)});
    intend_now(*killed, {{.attempt = 2, .endpoint = 0, .worst_cost = dollars(1)}});
    killed->commit({{}, {answer("a"), reject("b")}}, [] {});
    intend_now(*killed, {{.attempt = 3, .endpoint = 0, .worst_cost = dollars(1)}});  // syncs them
    std::filesystem::copy(scratch.job(), scratch.path() + "/killed");
    killed.reset();
    std::filesystem::remove_all(scratch.job());
    std::filesystem::rename(scratch.path() + "/killed", scratch.job());

    std::mt19937 random(seed);
    {
      FaultyDisk disk;
      options.durability = store::Durability::process;
      auto c = open_checkpoint(options, projection);
      disk.lose_power_after(0);
      c.reset();
      disk.restore(random);
    }
    auto c = open_checkpoint(options, projection);
    ASSERT_NE(c, nullptr);
    EXPECT_EQ(c->opened().done_rows, 3U);
    EXPECT_EQ(c->account().total().maybe_billed, 2U);
    EXPECT_TRUE(c->close().has_value());
  }
}

TEST(FullDisk, EndsTheRunWithAdvice) {
  ScratchDirectory scratch;
  FaultyDisk disk;
  FileProjection projection(scratch.path());
  auto c = open_checkpoint(options_for(scratch), projection);
  commit_now(*c, {answer("a")});
  std::promise<core::Error> failed;
  c->on_failure([&](core::Error error) { failed.set_value(std::move(error)); });
  disk.fill();
  c->commit({{}, {answer("b")}}, [] { ADD_FAILURE() << "promised on a full disk"; });
  const core::Error error = failed.get_future().get();
  EXPECT_EQ(error.code, core::ErrorCode::io);
  EXPECT_EQ(error.where, scratch.database());
  EXPECT_EQ(error.message,
            "the disk is full: free some space and run again; nothing that was committed is lost");
  EXPECT_FALSE(c->close().has_value());
  EXPECT_EQ(projection.answers(), answer("a").line + "\n");
}

}  // namespace
}  // namespace sluice::checkpoint
