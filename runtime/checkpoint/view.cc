#include "checkpoint/view.h"

#include <fmt/format.h>

#include <limits>

#include "checkpoint/block.h"
#include "checkpoint/block_cache.h"
#include "checkpoint/recovery.h"
#include "store/sqlite_file_check.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {
namespace {

// A place is a block's number and, below it, the entry's in the block.
constexpr int kPlaceBits = 16;
constexpr std::uint64_t kPlaceMask = (1U << kPlaceBits) - 1;

constexpr int kMostTries = 20;

}  // namespace

core::Result<std::unique_ptr<View>> View::open(const std::string& directory) {
  // Asked first: a run that ends in between has settled all, one that begins has booked all.
  const bool running = store::JobLock::taken(directory);
  return load(directory, store::SqliteStore::open_reader(directory), running, std::nullopt);
}

core::Result<std::unique_ptr<View>> View::open_at_rest(const std::string& directory,
                                                       const std::string& job) {
  auto lock = store::JobLock::share(directory, job);
  if (!lock) return std::unexpected(lock.error());
  return load(directory, store::SqliteStore::open_at_rest(directory), false, std::move(*lock));
}

View::View(std::unique_ptr<store::SqliteStore> store, std::optional<store::JobLock> lock)
    : lock_(std::move(lock)), store_(std::move(store)) {}

View::~View() = default;

core::Result<std::unique_ptr<View>> View::load(
    const std::string& directory, core::Result<std::unique_ptr<store::SqliteStore>> store,
    bool running, std::optional<store::JobLock> lock) {
  if (!store) return std::unexpected(store.error());
  std::unique_ptr<View> view(new View(std::move(*store), std::move(lock)));
  if (auto status = view->begin(directory); !status) return std::unexpected(status.error());
  const store::JobState& job = view->state_->job;
  if (job.generation != 0) {
    const auto fingerprint = view->store_->fingerprint(job.generation);
    if (!fingerprint) return std::unexpected(fingerprint.error());
    view->fingerprint_ = *fingerprint;
  }
  view->recorded_ = job.projected;
  view->answers_block_ = job.projected_block;
  view->rejects_block_ = job.rejects_block;
  view->generation_ = job.generation;
  if (auto status = view->load_account(running); !status) return std::unexpected(status.error());
  return view;
}

// One moment of the file and of the write-ahead log. A run may apply and overwrite the log between the two:
// then both are looked at again, or, beside a run that is faster every time, the file's moment is
// all there is.
core::Status View::begin(const std::string& directory) {
  wal::LogTail tail;
  for (int tries = 1;; ++tries) {
    if (auto status = store_->begin_read(); !status) return status;
    const auto job = store_->job();
    if (!job) return std::unexpected(job.error());
    auto read = wal::read_log(directory, job->applied);
    if (!read) return std::unexpected(read.error());
    tail = std::move(*read);
    if (!tail.outrun || tries == kMostTries) break;
    store_->rollback();
  }
  auto recovered = recover(*store_, tail);
  if (!recovered) return std::unexpected(recovered.error());
  state_ = std::move(*recovered);
  return {};
}

core::Status View::load_account(bool running) {
  const store::JobState& job = state_->job;
  account_ = {.rows_read = job.rows_read,
              .rows_answered = job.answered,
              .rows_rejected = job.rejected,
              .input_complete = job.input_complete,
              .endpoints = {}};
  Ledger& ledger = state_->ledger;
  for (const auto& [attempt, open] : state_->attempts.open()) {
    const bool known = running
                           ? ledger.in_flight(open.endpoint)
                           : ledger.maybe_billed(open.endpoint, open.worst_cost, open.worst_usage);
    if (!known) return store::corrupt(store_->path(), kNoSuchEndpoint);
  }
  account_.endpoints = ledger.endpoints();
  state_->batches.add_parked(ledger, account_.endpoints);
  account_.batches = state_->batches.all(ledger);
  return {};
}

core::Status View::expect_fingerprint(const core::Hash128& fingerprint) const {
  return store_->expect_fingerprint(fingerprint_, fingerprint);
}

core::Result<View::Line> View::line_at(std::uint64_t place) {
  if (!blocks_) {
    blocks_ = std::make_unique<BlockCache>(*store_);
    for (const auto& [number, block, questions] : state_->blocks())
      if (auto status = blocks_->keep(number, block.keys, block.payload); !status)
        return std::unexpected(status.error());
  }
  const auto lines = blocks_->lines(static_cast<std::int64_t>(place >> kPlaceBits));
  if (!lines) return std::unexpected(lines.error());
  const std::size_t i = place & kPlaceMask;
  return Line{(*lines)->line(i), (*lines)->answer_at(i)};
}

core::Status View::each(const Each& each) {
  return scan(0, each);
}

core::Status View::each_reject(const Each& each) {
  return scan(std::numeric_limits<std::int64_t>::max(), [&](const Ended& ended) -> core::Status {
    return ended.kind == store::Kind::reject && !ended.withdrawn ? each(ended) : core::Status();
  });
}

// Blocks after `after`, and of the others those with rejects.
core::Status View::scan(std::int64_t after, const Each& each) {
  if (auto read = read_models(); !read) return read;
  auto status = store_->scan_blocks(
      generation_, after, 0, [&](std::int64_t block, std::string keys, std::string_view payload) {
        return scan_block(generation_, block, std::move(keys), payload, each);
      });
  for (const auto& [number, block, questions] : state_->blocks())
    if (status) status = scan_block(generation_, number, block.keys, block.payload, each);
  return status;
}

core::Status View::each_earlier(const Each& each) {
  if (auto read = read_models(); !read) return read;
  const auto generations = store_->generations();
  if (!generations) return std::unexpected(generations.error());
  for (const store::PastGeneration& past : *generations) {
    if (past.id == generation_) continue;
    auto status = store_->scan_blocks(
        past.id, 0, 0, [&](std::int64_t block, std::string keys, std::string_view payload) {
          return scan_block(past.id, block, std::move(keys), payload, each);
        });
    if (!status) return status;
  }
  return {};
}

core::Status View::read_models() {
  if (!models_.empty()) return {};
  const auto stored = store_->models();
  if (!stored) return std::unexpected(stored.error());
  for (const store::StoredModel& model : *stored)
    models_[static_cast<std::uint32_t>(model.id)] = model.name;
  return {};
}

core::Status View::scan_block(std::int64_t generation, std::int64_t block, std::string bytes,
                              std::string_view payload, const Each& each) {
  const auto keys = BlockKeys::decode(std::move(bytes));
  const auto lines = keys ? BlockLines::decode(payload, *keys) : std::nullopt;
  if (!lines || keys->size() > kPlaceMask)
    return store::corrupt(store_->path(),
                          fmt::format("the checkpoint is damaged: the answers of block {}", block));
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const KeyRecord record = keys->at(i);
    const auto model = models_.find(record.model);
    auto status = each({.row = record.row,
                        .old_row = record.old_row,
                        .kind = record.kind,
                        .line = lines->line(i),
                        .answer_at = lines->answer_at(i),
                        .place = static_cast<std::uint64_t>(block) << kPlaceBits | i,
                        .question = record.question,
                        .model = model == models_.end() ? std::string_view() : model->second,
                        .generation = generation,
                        .recorded = block <= (record.kind == store::Kind::answer ? answers_block_
                                                                                 : rejects_block_),
                        .withdrawn = record.withdrawn});
    if (!status) return status;
  }
  return {};
}

}  // namespace sluice::checkpoint
