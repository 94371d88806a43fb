#include "checkpoint/checkpoint.h"

#include <atomic>

#include "checkpoint/answer_reader.h"
#include "checkpoint/committer.h"
#include "checkpoint/journal.h"
#include "checkpoint/old_names.h"
#include "checkpoint/recovery.h"
#include "checkpoint/shared_answers.h"
#include "checkpoint/withdraw.h"
#include "index/hash_index.h"
#include "index/spilled_multiset.h"
#include "storage/directory.h"
#include "storage/private_files.h"
#include "store/job_lock.h"
#include "store/sqlite_store.h"

namespace sluice::checkpoint {
namespace {

class JobCheckpoint final : public Checkpoint {
 public:
  static core::Result<std::unique_ptr<Checkpoint>> open(const Options& options,
                                                        Projection& projection) {
    if (auto made = storage::make_private_folder(options.directory); !made)
      return std::unexpected(made.error());
    auto lock = store::JobLock::take(options.directory, options.job);
    if (!lock) return std::unexpected(lock.error());
    if (auto whole = refuse_log_without_file(options.directory); !whole)
      return std::unexpected(whole.error());
    auto store = store::SqliteStore::open(options.directory);
    if (!store) return std::unexpected(store.error());

    std::unique_ptr<JobCheckpoint> checkpoint(
        new JobCheckpoint(std::move(*lock), options, projection));
    auto journal = Journal::open(std::move(*store), options, projection, checkpoint->index_,
                                 checkpoint->done_, &checkpoint->old_);
    if (!journal) return std::unexpected(journal.error());
    checkpoint->journal_ = std::move(*journal);
    checkpoint->current_ = checkpoint->journal_.get();
    checkpoint->opened_ = checkpoint->journal_->opened();
    auto reader = store::SqliteStore::open_reader(options.directory);
    if (!reader) return std::unexpected(reader.error());
    checkpoint->reader_.emplace(std::move(*reader), checkpoint->index_);
    if (!checkpoint->old_.empty()) {
      auto old = store::SqliteStore::open_reader(options.directory);
      if (!old) return std::unexpected(old.error());
      checkpoint->old_.attach(std::move(*old), checkpoint->journal_->models());
    }
    if (!options.share.empty()) {
      auto shared = SharedAnswers::open(options.share, options.directory, options.models);
      if (!shared) return std::unexpected(shared.error());
      checkpoint->shared_ = std::move(*shared);
    }
    auto log = wal::WriteAheadLog::create(options.directory, options.durability,
                                          checkpoint->journal_->applied(), options.shared_log);
    if (!log) return std::unexpected(log.error());
    checkpoint->committer_.emplace(*checkpoint->journal_, std::move(*log), options);
    return checkpoint;
  }

  const Opened& opened() const override { return opened_; }
  core::Result<bool> consume_done(const core::Hash128& row) override { return done_.take(row); }
  std::uint64_t unmatched() const override {
    return unmatched_.value_or(done_.size() + old_.unmatched());
  }
  void drop_missing() override { drop_missing_ = true; }
  std::vector<core::Hash128> take_dropped() override { return std::exchange(dropped_, {}); }

  core::Result<std::optional<StoredAnswer>> find_answer(const core::Hash128& question) override {
    if (question == core::Hash128()) return std::nullopt;
    auto answer = reader_->find(question, journal_->models());
    if (!answer || *answer || !shared_) return answer;
    return shared_->find(question);
  }

  bool has_old_names() const override { return !old_.empty(); }
  core::Result<bool> consume_done_by_old_name(const store::RowNames& old,
                                              const store::RowNames& now) override {
    if (old_.empty()) return false;
    auto done = old_.consume_done(old, now);
    write_renamings(OldNames::kBatch);
    return done;
  }
  core::Result<std::optional<StoredAnswer>> find_answer_by_old_name(
      const store::RowNames& old, const store::RowNames& now) override {
    if (old_.empty() || now.question == core::Hash128()) return std::nullopt;
    auto answer = old_.find_answer(old, now);
    write_renamings(OldNames::kBatch);
    return answer;
  }

  bool intend(std::vector<store::Intent> intents, std::function<void()> durable) override {
    return committer_->intend(std::move(intents), std::move(durable));
  }
  void commit(store::Results results, std::function<void()> durable) override {
    committer_->commit(std::move(results), std::move(durable));
  }
  void set_rows_read(std::uint64_t rows, bool input_complete) override {
    rows_read_ = rows;
    journal_->set_rows_read(rows, input_complete);
    committer_->touch();
  }
  void set_day_use(std::uint32_t endpoint, const store::DayUse& use) override {
    journal_->set_day_use(endpoint, use);
  }
  store::Account account() const override { return current_.load()->account(); }
  void on_failure(std::function<void(core::Error)> failed) override {
    committer_->on_failure(std::move(failed));
  }

  core::Status close() override {
    write_renamings(1);
    // The log is emptied into the file only when nobody reads it.
    reader_.reset();
    old_.detach();
    shared_.reset();
    core::Status status = committer_->close();
    unmatched_ = done_.size() + old_.unmatched();
    if (status && drop_missing_ && unmatched_ > 0) status = drop();
    lock_.reset();
    return status;
  }

 private:
  JobCheckpoint(store::JobLock lock, const Options& options, Projection& projection)
      : options_(options),
        projection_(projection),
        lock_(std::move(lock)),
        index_(options.directory),
        done_(options.directory),
        old_(options.directory) {}

  // The journal is closed, and the file in one piece. What is opened once more is what the next run
  // would open, so a crash at any point is one that it repairs.
  core::Status drop() {
    auto store = store::SqliteStore::open(options_.directory);
    if (!store) return std::unexpected(store.error());
    const auto dropped =
        withdraw_missing(**store, [this](const core::Hash128& row) -> core::Result<bool> {
          auto taken = done_.take(row);
          if (taken && *taken && options_.shared_log != nullptr) dropped_.push_back(row);
          return taken;
        });
    if (!dropped) return std::unexpected(dropped.error());
    index::HashIndex index(options_.directory);
    index::SpilledMultiset done(options_.directory);
    auto journal = Journal::open(std::move(*store), options_, projection_, index, done);
    if (!journal) return std::unexpected(journal.error());
    again_ = std::move(*journal);
    again_->set_rows_read(rows_read_, true);
    core::Status closed = again_->close();
    current_ = again_.get();
    return closed;
  }

  // Hands them to the committer when there are so many, unless it has not written the last ones
  // yet: then they wait, and become more.
  void write_renamings(std::size_t least) {
    if (renamings_written_ != nullptr && !*renamings_written_) {
      if (least > 1) return;
    } else {
      old_.written();
    }
    if (old_.unwritten() < least) return;
    renamings_written_ = std::make_shared<std::atomic<bool>>(false);
    committer_->commit({.settlements = {}, .entries = {}, .renamings = old_.take()},
                       [written = renamings_written_] { *written = true; });
  }

  const Options options_;
  Projection& projection_;
  Opened opened_;
  bool drop_missing_ = false;
  std::vector<core::Hash128> dropped_;
  std::atomic<std::uint64_t> rows_read_ = 0;
  std::optional<std::uint64_t> unmatched_;  // as close() found it
  // In the order in which they may go: the lock last.
  std::optional<store::JobLock> lock_;
  index::HashIndex index_;
  index::SpilledMultiset done_;
  OldNames old_;
  std::shared_ptr<std::atomic<bool>> renamings_written_;  // the last that were handed over
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Journal> again_;                 // after drop()
  std::atomic<const Journal*> current_ = nullptr;  // the last that was closed, or is open
  std::optional<AnswerReader> reader_;
  std::unique_ptr<SharedAnswers> shared_;  // none without Options::share
  std::optional<Committer> committer_;
};

}  // namespace

core::Result<std::unique_ptr<Checkpoint>> Checkpoint::open(const Options& options,
                                                           Projection& projection) {
  return JobCheckpoint::open(options, projection);
}

}  // namespace sluice::checkpoint
