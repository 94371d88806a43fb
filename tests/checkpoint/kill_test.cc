// The process is killed at moments of chance, again and again, and nothing that was promised is
// lost, doubled or torn (checkpoint.h, invariants 1 to 4).
//
// A child runs a seeded job against a real checkpoint and reports on a pipe what it asked for and
// what it was promised. The parent kills it after a seeded number of reports, opens the job, and
// compares; after some lives it lets the job end.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

#include "checkpoint/redo.h"
#include "support.h"

namespace sluice::checkpoint {
namespace {

constexpr int kRows = 300;
constexpr int kInFlight = 150;
constexpr int kKills = 3;
#ifdef SLUICE_SANITIZED
constexpr std::uint32_t kSeeds = 5;  // ten times slower
#else
constexpr std::uint32_t kSeeds = 32;
#endif

enum class What : std::uint64_t {
  opened,
  intending,       // an intent is handed over
  intended,        // its callback ran
  settling,        // a failed attempt is handed over
  settled_failed,  // its callback ran
  ending,          // an attempt and its row are handed over
  ended,           // its callback ran
};
struct Report {
  What what;
  std::uint64_t attempt;
  std::uint64_t row;
};

bool is_rejected(int row) {
  return row % 7 == 0;
}

store::Entry entry_of(int row) {
  const std::string name = std::to_string(row);
  return is_rejected(row) ? reject(name)
                          : answer(name, std::string(static_cast<std::size_t>(row), 'v'));
}

// The job: each row is asked for in attempts of its own, which succeed, fail, or are never heard of
// again, by chance.
class Job {
 public:
  Job(Checkpoint& checkpoint, std::uint32_t seed, int pipe)
      : checkpoint_(checkpoint), random_(seed), pipe_(pipe) {
    next_attempt_ = checkpoint.opened().next_attempt;
    say(What::opened, 0, 0);
  }

  void run() {
    std::vector<int> rows(kRows);
    std::iota(rows.begin(), rows.end(), 0);
    std::ranges::shuffle(rows, random_);
    std::erase_if(rows, [&](int row) { return *checkpoint_.consume_done(entry_of(row).row); });
    std::unique_lock lock(mutex_);
    for (std::size_t i = 0; i < rows.size();) {
      ended_.wait(lock, [&] { return in_flight_ < kInFlight; });
      std::vector<int> burst;
      for (std::uint32_t n = 1 + random_() % 8; n > 0 && i < rows.size(); --n)
        burst.push_back(rows[i++]);
      in_flight_ += static_cast<int>(burst.size());
      checkpoint_.set_rows_read(i, i == rows.size());
      ask(burst);
    }
    ended_.wait(lock, [&] { return in_flight_ == 0; });
  }

 private:
  // All with mutex_ held.
  void ask(const std::vector<int>& rows) {
    std::vector<store::Intent> intents;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      intents.push_back({.attempt = next_attempt_++, .endpoint = 0, .worst_cost = dollars(1)});
      say(What::intending, intents.back().attempt, 0);
    }
    const bool durable = checkpoint_.intend(intents, [this, intents, rows] {
      const std::lock_guard lock(mutex_);
      intended(intents, rows);
    });
    if (durable) intended(intents, rows);
  }
  void intended(const std::vector<store::Intent>& intents, const std::vector<int>& rows) {
    for (const store::Intent& intent : intents) say(What::intended, intent.attempt, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) reply(intents[i].attempt, rows[i]);
  }
  void reply(std::uint64_t attempt, int row) {
    const std::uint32_t chance = random_() % 100;
    if (chance < 3) {  // never heard of again
      ask({row});
    } else if (chance < 18) {
      store::Settlement failed = settled(attempt, 0, 0.25);
      failed.answered = false;
      say(What::settling, attempt, 0);
      checkpoint_.commit({{failed}, {}}, [this, attempt] {
        const std::lock_guard lock(mutex_);
        say(What::settled_failed, attempt, 0);
      });
      ask({row});
    } else {
      say(What::ending, attempt, static_cast<std::uint64_t>(row));
      checkpoint_.commit({{settled(attempt, 0, 0.5)}, {entry_of(row)}}, [this, attempt, row] {
        const std::lock_guard lock(mutex_);
        say(What::ended, attempt, static_cast<std::uint64_t>(row));
        --in_flight_;
        ended_.notify_one();
      });
    }
  }
  void say(What what, std::uint64_t attempt, std::uint64_t row) {
    const Report report{what, attempt, row};
    if (::write(pipe_, &report, sizeof report) != sizeof report) ::_exit(21);
  }

  Checkpoint& checkpoint_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::mt19937 random_;
  int pipe_;
  std::uint64_t next_attempt_ = 1;
  int in_flight_ = 0;
};

class KillTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  // Runs one life; kills it after `reports` of them. False when the job ended before.
  bool live(std::uint32_t seed, std::uint64_t reports) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      auto c = Checkpoint::open(options_for(scratch_), projection_);
      if (!c) ::_exit(20);
      Job(**c, seed, ends[1]).run();
      ::_exit((*c)->close() ? 0 : 22);
    }
    ::close(ends[1]);
    Report report{};
    for (std::uint64_t seen = 0;; ++seen) {
      if (seen == reports) ::kill(child, SIGKILL);
      const ssize_t got = ::read(ends[0], &report, sizeof report);
      if (got != sizeof report) break;  // the last may be torn by the kill
      note(report);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) return true;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  void note(const Report& report) {
    switch (report.what) {
      case What::opened:
        break;
      case What::intending:
        intending_.insert(report.attempt);  // again, when a crash forgot that it was handed over
        break;
      case What::intended:
        EXPECT_TRUE(intended_.insert(report.attempt).second) << "one number, two attempts";
        break;
      case What::settling:
        settling_.insert(report.attempt);
        break;
      case What::settled_failed:
        settled_.insert(report.attempt);
        break;
      case What::ending:
        settling_.insert(report.attempt);
        ending_.insert(static_cast<int>(report.row));
        break;
      case What::ended:
        settled_.insert(report.attempt);
        ended_.insert(static_cast<int>(report.row));
        break;
    }
  }

  // Opens the job and compares it with all that was ever reported.
  void check() {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    ASSERT_NE(c, nullptr);
    std::set<int> done;
    for (int row = 0; row < kRows; ++row) {
      if (*c->consume_done(entry_of(row).row)) done.insert(row);
      EXPECT_FALSE(*c->consume_done(entry_of(row).row)) << "row " << row << " is there twice";
    }
    EXPECT_EQ(c->unmatched(), 0U);
    EXPECT_EQ(c->opened().done_rows, done.size());
    EXPECT_TRUE(std::ranges::includes(done, ended_)) << "a committed row is lost";
    EXPECT_TRUE(std::ranges::includes(ending_, done)) << "a row from nowhere";

    std::multiset<std::string> expected_answers;
    std::multiset<std::string> expected_rejects;
    for (const int row : done)
      (is_rejected(row) ? expected_rejects : expected_answers).insert(entry_of(row).line);
    EXPECT_EQ(lines_of(projection_.answers()), expected_answers);
    EXPECT_EQ(lines_of(projection_.rejects()), expected_rejects);
    for (const int row : done) {
      const auto found = c->find_answer(entry_of(row).question);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(found->has_value(), !is_rejected(row)) << row;
    }

    const store::EndpointLedger total = c->account().total();
    EXPECT_EQ(total.answered, done.size());
    EXPECT_EQ(total.attempts, total.answered + total.failed);
    EXPECT_GE(total.attempts, settled_.size());
    EXPECT_LE(total.attempts, settling_.size());
    EXPECT_EQ(total.cost, dollars(0.5) * total.answered + dollars(0.25) * total.failed);
    EXPECT_EQ(total.usage.input, 100 * total.attempts);
    EXPECT_EQ(total.usage.reasoning, 5 * total.attempts);
    // Every durable intent ended in one of two ways, once.
    EXPECT_GE(total.attempts + total.maybe_billed, intended_.size());
    EXPECT_LE(total.attempts + total.maybe_billed, intending_.size());
    EXPECT_EQ(total.maybe_billed_cost, dollars(1) * total.maybe_billed);
    EXPECT_EQ(c->opened().spent, total.cost + total.maybe_billed_cost);
    EXPECT_GT(c->opened().next_attempt, intended_.empty() ? 0 : *intended_.rbegin());
    const auto account = c->account();
    EXPECT_GE(account.rows_read, done.size());
    EXPECT_TRUE(c->close().has_value());
  }

  static std::multiset<std::string> lines_of(const std::string& text) {
    std::multiset<std::string> lines;
    EXPECT_TRUE(text.empty() || text.back() == '\n') << "a torn line";
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.insert(line);
    return lines;
  }

  ScratchDirectory scratch_;
  FileProjection projection_{scratch_.path()};
  std::set<std::uint64_t> intending_, intended_, settling_, settled_;
  std::set<int> ending_, ended_;
};

TEST_P(KillTest, LosesDoublesAndTearsNothing) {
  std::mt19937 random(GetParam());
  bool killed = true;
  for (int life = 0; life < kKills && killed; ++life) {
    killed = live(random(), random() % 1200);
    check();
    if (HasFailure()) return;
  }
  EXPECT_FALSE(live(random(), ~std::uint64_t{0}));
  check();
  const auto account = read_account(scratch_.job());
  ASSERT_TRUE(account.has_value());
  EXPECT_EQ(account->rows_answered + account->rows_rejected, static_cast<std::uint64_t>(kRows));
  EXPECT_EQ(account->rows_pending(), 0U);
}

// A child takes the rejects back and opens the job, over and over, and is killed at a moment of
// chance.
TEST_P(KillTest, ARedoIsWholeOrNotAtAll) {
  std::mt19937 random(GetParam());
  std::uint64_t all_rejects = 0;
  {
    auto c = open_checkpoint(options_for(scratch_), projection_);
    std::vector<store::Entry> entries;
    for (int row = 0; row < kRows; ++row) {
      entries.push_back(entry_of(row));
      if (is_rejected(row)) ++all_rejects;
    }
    commit_now(*c, std::move(entries));
    ASSERT_TRUE(c->close().has_value());
  }
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Options options = options_for(scratch_);
    while (true) {
      if (::write(ends[1], "r", 1) != 1) ::_exit(21);
      if (!take_back(options.directory, options.job, options.fingerprint,
                     [](std::string_view) { return true; }))
        ::_exit(20);
      if (::write(ends[1], "o", 1) != 1) ::_exit(21);
      auto c = Checkpoint::open(options, projection_);
      if (!c) ::_exit(22);
      std::vector<store::Entry> again;
      for (int row = 0; row < kRows; ++row)
        if (!*(*c)->consume_done(entry_of(row).row)) again.push_back(entry_of(row));
      commit_now(**c, std::move(again));
      if (!(*c)->close()) ::_exit(23);
    }
  }
  ::close(ends[1]);
  char step = 0;
  for (std::uint32_t n = 1 + random() % 6; n > 0; --n) ASSERT_EQ(::read(ends[0], &step, 1), 1);
  // Somewhere in what follows the last report.
  for (std::uint32_t spin = random() % 3'000'000; spin > 0; --spin)
    std::atomic_signal_fence(std::memory_order_seq_cst);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  ASSERT_TRUE(WIFSIGNALED(status));

  auto c = open_checkpoint(options_for(scratch_), projection_);
  ASSERT_NE(c, nullptr);
  std::multiset<std::string> expected_answers, expected_rejects;
  std::uint64_t rejects = 0;
  for (int row = 0; row < kRows; ++row) {
    const bool done = *c->consume_done(entry_of(row).row);
    EXPECT_FALSE(*c->consume_done(entry_of(row).row)) << "row " << row << " is there twice";
    if (!is_rejected(row)) {
      EXPECT_TRUE(done) << "the answer of row " << row << " is lost";
      expected_answers.insert(entry_of(row).line);
    } else if (done) {
      ++rejects;
      expected_rejects.insert(entry_of(row).line);
    }
  }
  EXPECT_EQ(c->unmatched(), 0U);
  EXPECT_TRUE(rejects == 0 || rejects == all_rejects) << rejects << " of " << all_rejects;
  EXPECT_EQ(lines_of(projection_.answers()), expected_answers);
  EXPECT_EQ(lines_of(projection_.rejects()), expected_rejects);
  EXPECT_TRUE(c->close().has_value());
}

INSTANTIATE_TEST_SUITE_P(Seeds, KillTest, testing::Range(1U, kSeeds + 1));

}  // namespace
}  // namespace sluice::checkpoint
