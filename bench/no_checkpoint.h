// A checkpoint that keeps nothing, to measure what is beside one, or without one: no row ended
// earlier, no question was answered before, lines go straight to the sink, and every callback runs
// at once on the caller's thread.
//
// Threads: as checkpoint::Checkpoint.
#pragma once

#include <mutex>

#include "checkpoint/checkpoint.h"

namespace sluice::bench {

// A job that has written nothing yet.
class Nothing final : public checkpoint::Past {
 public:
  std::size_t generations() const override { return 0; }
  const store::Mark& mark(std::size_t) const override { return none_; }
  bool may_have_lost() const override { return false; }
  core::Status lines(std::size_t, store::Kind, From, const Each&) override { return {}; }

 private:
  const store::Mark none_;
};

class NoCheckpoint final : public checkpoint::Checkpoint {
 public:
  static core::Result<std::unique_ptr<checkpoint::Checkpoint>> open(const checkpoint::Options&,
                                                                    checkpoint::Projection& sink) {
    Nothing nothing;
    if (auto stands = sink.open({}, nothing); !stands) return std::unexpected(stands.error());
    return std::make_unique<NoCheckpoint>(sink);
  }
  explicit NoCheckpoint(checkpoint::Projection& sink) : sink_(sink) {}

  const Opened& opened() const override { return opened_; }
  core::Result<bool> consume_done(const core::Hash128&) override { return false; }
  std::uint64_t unmatched() const override { return 0; }
  core::Result<std::optional<checkpoint::StoredAnswer>> find_answer(const core::Hash128&) override {
    return std::nullopt;
  }
  bool intend(std::vector<store::Intent>, std::function<void()>) override { return true; }
  void commit(store::Results results, std::function<void()> durable) override {
    {
      const std::lock_guard lock(mutex_);
      for (const store::Entry& entry : results.entries) {
        const bool answer = entry.kind == store::Kind::answer;
        ++(answer ? account_.rows_answered : account_.rows_rejected);
        line_.assign(entry.line).append("\n");
        const std::string_view none;
        std::ignore = sink_.append(answer ? line_ : none, answer ? none : line_);
      }
    }
    durable();
  }
  void set_rows_read(std::uint64_t rows, bool complete) override {
    const std::lock_guard lock(mutex_);
    account_.rows_read = rows;
    account_.input_complete = complete;
  }
  void set_day_use(std::uint32_t, const store::DayUse&) override {}
  store::Account account() const override {
    const std::lock_guard lock(mutex_);
    return account_;
  }
  void on_failure(std::function<void(core::Error)>) override {}
  core::Status close() override {
    const auto written = sink_.write_out();
    return written ? core::Status() : std::unexpected(written.error());
  }

 private:
  checkpoint::Projection& sink_;
  const Opened opened_;
  mutable std::mutex mutex_;  // guards what follows
  store::Account account_;
  std::string line_;
};

}  // namespace sluice::bench
