// What a checkpoint costs: runs a pipeline file as `sluice run` does, but keeps nothing. Answers go
// to the sink and nowhere else; no intent is written and nothing is synced. For measurements alone:
// such a run can neither be resumed nor audited.
//
//   sluice_unchecked FILE [name=value…]     prints the seconds that it took
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <mutex>

#include "checkpoint/checkpoint.h"
#include "dsl/pipeline.h"
#include "stages/run.h"

namespace {

using namespace sluice;
using checkpoint::Checkpoint;
using checkpoint::Kind;

class NoCheckpoint final : public Checkpoint {
 public:
  static core::Result<std::unique_ptr<Checkpoint>> open(const checkpoint::Options&,
                                                        checkpoint::Projection& sink) {
    if (auto stands = sink.open({}, {}); !stands) return std::unexpected(stands.error());
    return std::make_unique<NoCheckpoint>(sink);
  }
  explicit NoCheckpoint(checkpoint::Projection& sink) : sink_(sink) {}

  const Opened& opened() const override { return opened_; }
  core::Result<bool> take_done(const core::Hash128&) override { return false; }
  std::uint64_t untaken() const override { return 0; }
  core::Result<std::optional<checkpoint::StoredAnswer>> find_answer(const core::Hash128&) override {
    return std::nullopt;
  }
  void intend(std::vector<checkpoint::Intent>, std::function<void()> durable) override {
    durable();
  }
  void commit(checkpoint::Results results, std::function<void()> durable) override {
    {
      const std::lock_guard lock(mutex_);
      for (const checkpoint::Entry& entry : results.entries) {
        const bool answer = entry.kind == Kind::answer;
        ++(answer ? account_.rows_answered : account_.rows_rejected);
        line_.assign(entry.line).append("\n");
        const std::string_view none;
        (void)sink_.append(answer ? line_ : none, answer ? none : line_);
      }
    }
    durable();
  }
  void set_rows_read(std::uint64_t rows, bool complete) override {
    const std::lock_guard lock(mutex_);
    account_.rows_read = rows;
    account_.input_complete = complete;
  }
  checkpoint::Account account() const override {
    const std::lock_guard lock(mutex_);
    return account_;
  }
  void on_failure(std::function<void(core::Error)>) override {}
  core::Status close() override {
    const auto written = sink_.flush(false);
    return written ? core::Status() : std::unexpected(written.error());
  }

 private:
  checkpoint::Projection& sink_;
  const Opened opened_;
  mutable std::mutex mutex_;  // guards what follows
  checkpoint::Account account_;
  std::string line_;
};

int fail(const core::Error& error) {
  fmt::print(stderr, "{}\n", error.text());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  dsl::LoadOptions load;
  for (int i = 2; i < argc; ++i) {
    const std::string setting = argv[i];
    const std::size_t equals = setting.find('=');
    load.parameters[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  const auto spec = dsl::load(argc > 1 ? argv[1] : "", load);
  if (!spec) return fail(spec.error());
  const auto started = std::chrono::steady_clock::now();
  auto run = stages::Run::make(spec->questions.front(),
                               {.limit = {}, .open_checkpoint = NoCheckpoint::open});
  if (!run) return fail(run.error());
  const auto result = (*run)->run();
  if (!result) return fail(result.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fmt::print("{{\"rows\":{},\"elapsed_s\":{:.3f}}}\n", result->progress.rows_ended, took.count());
  return 0;
}
