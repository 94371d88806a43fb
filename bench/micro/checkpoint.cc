// What a row costs the checkpoint under one row a request: 64 answers with their settlements, and
// the intents of the 64 requests that take their slots, in the write-ahead log; then 256 of each applied
// into the file. And a block by itself.
#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <filesystem>

#include "checkpoint/block.h"
#include "checkpoint/journal.h"
#include "index/hash_index.h"
#include "index/spilled_multiset.h"
#include "micro/measure.h"
#include "micro/samples.h"
#include "store/sqlite_store.h"
#include "wal/wal.h"

namespace sluice::bench {
namespace {

using store::Durability;

store::Entry answer(std::uint64_t i) {
  store::Entry entry;
  entry.row = core::hash128(fmt::format("row {}", i));
  entry.question = core::hash128(fmt::format("question {}", i));
  entry.model = "gpt-5.4-mini";
  entry.line = fmt::format(R"({{"id":"T-{:08}",)", i);
  entry.answer_at = static_cast<std::uint32_t>(entry.line.size());
  entry.line += fmt::format(R"("queue":"billing","urgency":{}}})", i % 5 + 1);
  return entry;
}

struct Work {
  std::vector<store::Intent> intents;
  std::vector<store::Results> results;
};

// Settles `rows` attempts from `next` on and intends as many behind them.
Work work_of(std::uint64_t& next, std::size_t rows) {
  Work work;
  store::Results& results = work.results.emplace_back();
  for (std::size_t i = 0; i < rows; ++i) {
    store::Settlement settlement;
    settlement.attempt = next++;
    settlement.answered = true;
    settlement.billing = provider::Billing::known;
    settlement.usage = {.input = 146, .cached_input = 0, .output = 12, .reasoning = 0};
    settlement.cost = core::Money::picodollars(44'200'000);
    results.settlements.push_back(settlement);
    results.entries.push_back(answer(settlement.attempt));
    store::Intent intent;
    intent.attempt = settlement.attempt + rows;
    intent.worst_cost = core::Money::picodollars(160'000'000'000);
    work.intents.push_back(intent);
  }
  return work;
}

// One commit after the other; each settles the attempts that the one before intended.
class Course {
 public:
  static constexpr std::size_t kRows = 256;

  core::Status open(Durability durability) {
    std::filesystem::create_directories(scratch_.path("job"));
    auto store = store::SqliteStore::open(scratch_.path("job"));
    if (!store) return std::unexpected(store.error());
    checkpoint::Options options;
    options.directory = scratch_.path("job");
    options.job = "micro";
    options.endpoints = {"a"};
    options.models = {"gpt-5.4-mini"};
    options.durability = durability;
    auto journal = checkpoint::Journal::open(std::move(*store), options, sink_, index_, done_);
    if (!journal) return std::unexpected(journal.error());
    journal_ = std::move(*journal);
    return {};
  }

  Work next() { return work_of(next_, kRows); }

  bool commit(const Work& work) {
    return journal_->commit(work.intents, work.results) && journal_->project();
  }

 private:
  const Scratch scratch_;
  NoSink sink_;
  index::HashIndex index_{scratch_.path("job")};
  index::SpilledMultiset done_{scratch_.path("job")};
  std::unique_ptr<checkpoint::Journal> journal_;
  std::uint64_t next_ = 1;
};

void commits(benchmark::State& state, Durability durability) {
  Course course;
  if (const auto opened = course.open(durability); !opened)
    return state.SkipWithError(opened.error().text().c_str());
  bool good = true;
  measure(
      state, Course::kRows, [&] { return course.next(); },
      [&](const Work& work) { return good = good && course.commit(work); });
  if (!good) state.SkipWithError("a commit failed");
}

void commit_process(benchmark::State& state) {
  commits(state, Durability::process);
}
BENCHMARK(commit_process);

// On the wall: what counts is the wait for the disk.
void commit_power(benchmark::State& state) {
  commits(state, Durability::power);
}
BENCHMARK(commit_power)->UseRealTime();

// Each burst waits for its own sync, which is the worst there is: one sync is for all that waits.
void tail(benchmark::State& state, Durability durability) {
  constexpr std::size_t kBurst = 64;
  constexpr std::uint32_t kNumbers[] = {1};
  const Scratch scratch;
  std::filesystem::create_directories(scratch.path("job"));
  const auto log = wal::WriteAheadLog::create(scratch.path("job"), durability, 0);
  if (!log) return state.SkipWithError(log.error().text().c_str());
  wal::WriteAheadLog& tail = **log;
  std::uint64_t next = 1;
  bool good = true;
  measure(
      state, kBurst, [&] { return work_of(next, kBurst); },
      [&](const Work& work) {
        good = good && tail.append(wal::encode(work.results[0], kNumbers)) &&
               tail.append(wal::encode(work.intents, kNumbers)) &&
               (durability == Durability::process || tail.sync());
        if (tail.last() % 8 == 0) tail.rotate();
        return good;
      });
  if (!good) state.SkipWithError("the log cannot be written");
}

void tail_process(benchmark::State& state) {
  tail(state, Durability::process);
}
BENCHMARK(tail_process);

// On the wall, as above.
void tail_power(benchmark::State& state) {
  tail(state, Durability::power);
}
BENCHMARK(tail_power)->UseRealTime();

void block(benchmark::State& state) {
  std::vector<store::Entry> entries;
  for (std::uint64_t i = 0; i < checkpoint::kBlockEntries; ++i) entries.push_back(answer(i));
  checkpoint::BlockBuilder builder;
  for (auto _ : state) {
    for (const store::Entry& entry : entries) builder.add(entry, 1, false);
    auto made = builder.finish();
    if (!made) return state.SkipWithError("no block");
    benchmark::DoNotOptimize(made);
  }
  report_rows(state, entries.size());
}
BENCHMARK(block);

}  // namespace
}  // namespace sluice::bench
