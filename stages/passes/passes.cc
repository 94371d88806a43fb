#include "passes/passes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <thread>

#include "passes/take_over.h"
#include "stages/question.h"
#include "storage/private_files.h"

namespace sluice::passes {
namespace {

using shared_job::WorkerId;
using shared_job::WorkerRow;

// How often it is looked at what the others do, where there is nothing else to do.
constexpr std::chrono::milliseconds kLookAgain{500};
// A folder of a process that is gone is removed when nothing was written there for so long.
constexpr std::chrono::minutes kForgotten{10};

std::string host_and_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}:{}", host.data(), ::getpid());
}

// A folder in a process's own that it holds the lock of for as long as it lives: between two runs it has no other.
std::string alive_in(const std::string& folder) {
  return folder + "/alive";
}

// Of processes that were killed: what they had is in the shared checkpoint.
void remove_forgotten(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const auto written = std::filesystem::last_write_time(entry.path(), ignored);
    if (ignored || std::filesystem::file_time_type::clock::now() - written < kForgotten) continue;
    const auto gone = store::JobLock::take(alive_in(entry.path().string()), "worker");
    if (gone) std::filesystem::remove_all(entry.path(), ignored);
  }
}

shared_job::Tally tally_of(const job::Progress& progress, shared_job::Tally earlier) {
  const std::uint64_t rejected = std::accumulate(
      progress.rejects.begin(), progress.rejects.end(), std::uint64_t{0},
      [](std::uint64_t sum, const stages::RejectTally::Reason& r) { return sum + r.rows; });
  earlier.answered += progress.rows_ended - std::min(progress.rows_ended, rejected);
  earlier.rejected += rejected;
  earlier.cost += progress.dispatch.cost;
  return earlier;
}

}  // namespace

core::Status can_be_shared(const stages::JobSpec& job) {
  const stages::PipelineSpec& spec = job.questions.front();
  std::string why;
  if (job.questions.size() > 1)
    why = "it asks several questions, of which each reads the answers to the one before";
  if (std::ranges::find(spec.read.paths, "-") != spec.read.paths.end())
    why = "standard input is one process's own";
  if (spec.read.queue)
    why = "a queue gives each worker its rows anyway, without a checkpoint in common";
  if (why.empty()) return {};
  return core::fail(core::ErrorCode::pipeline,
                    fmt::format("the checkpoint of fleet cannot be used for this job: {}", why),
                    spec.file);
}

bool is_by_one(const stages::PipelineSpec& spec) {
  return std::ranges::any_of(spec.dispatch.endpoints, &provider::EndpointSpec::batch);
}

core::Result<std::unique_ptr<Passes>> Passes::join(const stages::PipelineSpec& spec,
                                                   std::function<void(std::string)> notice) {
  std::unique_ptr<Passes> passes(new Passes(spec, std::move(notice)));
  auto member = shared_job::Membership::join(
      {.url = spec.checkpoint.shared.url,
       .job = spec.name,
       .fingerprint = passes->fingerprint_,
       .shard_rows = spec.checkpoint.shared.shard_rows,
       .name = host_and_process(),
       .problem = [p = passes.get()](const std::string& text) {
         p->notice_(text.empty() ? "the shared checkpoint is back" : text);
       }});
  if (!member) return std::unexpected(member.error());
  passes->member_ = std::move(*member);
  if (!passes->by_one_)
    if (auto none = none_out(passes->member_->board(), passes->member_->job()); !none)
      return std::unexpected(none.error());
  const stages::DispatchSpec& dispatch = spec.dispatch;
  if (dispatch.budget && !dispatch.shared_budget.empty())
    passes->spent_.emplace(spec.checkpoint.shared.url, passes->member_->job(),
                           dispatch.shared_budget == spec.name);
  const std::string workers = spec.checkpoint.directory + "/workers";
  for (const std::string& folder : {spec.checkpoint.directory, workers})
    if (auto made = storage::make_private_folder(folder); !made)
      return std::unexpected(made.error());
  remove_forgotten(workers);
  passes->folder_ = fmt::format("{}/{:x}", workers, passes->member_->worker());
  for (const std::string& folder : {passes->folder_, alive_in(passes->folder_)})
    if (auto made = storage::make_private_folder(folder); !made)
      return std::unexpected(made.error());
  auto alive = store::JobLock::take(alive_in(passes->folder_), "worker");
  if (!alive) return std::unexpected(alive.error());
  passes->alive_.emplace(std::move(*alive));
  return passes;
}

Passes::Passes(const stages::PipelineSpec& spec, std::function<void(std::string)> notice)
    : spec_(spec),
      notice_(std::move(notice)),
      fingerprint_(stages::fingerprint(spec, stages::make_question(spec))),
      by_one_(is_by_one(spec)) {}

Passes::~Passes() {
  if (member_) leave(true);
}

stages::PipelineSpec Passes::part() const {
  stages::PipelineSpec part = spec_;
  part.checkpoint.directory = folder_;
  // The server has what must last; this is what a process needs while it runs.
  part.checkpoint.durability = store::Durability::process;
  stages::SinkSpec& sink = part.sink;
  if (sink.written_path.empty()) sink.written_path = sink.path;
  if (sink.written_rejects.empty()) sink.written_rejects = sink.rejects;
  sink.path = folder_ + "/out" + std::filesystem::path(spec_.sink.path).extension().string();
  sink.rejects = folder_ + "/rejects.jsonl";
  sink.places = {};
  sink.deliveries.clear();
  sink.keep_missing = true;
  return part;
}

core::Result<std::optional<Pass>> Passes::next(const std::function<bool()>& stopped) {
  for (;; std::this_thread::sleep_for(kLookAgain)) {
    if (stopped()) return std::nullopt;
    lost_ = false;
    const auto now = member_->standing();
    if (!now) return std::unexpected(now.error());
    const bool again = std::exchange(first_, false) && now->complete;
    complete_ = now->complete && !again;
    if (complete_) return std::nullopt;
    core::Result<std::optional<Pass>> pass;
    if (again || now->all_done() || by_one_) {
      pass = finish(again);
      if (by_one_ && pass && !*pass && !std::exchange(waits_, true))
        notice_(
            fmt::format("{} has the job: its batches are one process's at a time. This one goes "
                        "on with them when that is gone",
                        now->finisher.empty() ? "another process" : now->finisher));
    } else if (!now->shards || now->given < *now->shards) {
      auto some = new_shards();
      if (!some) return std::unexpected(some.error());
      pass = std::move(*some);
    } else if (now->left_behind > 0 || now->own > 0) {
      pass = left_behind(now->own > 0);
    } else if (now->missing > 0) {
      if (auto left = member_->leave_missing(); !left) return std::unexpected(left.error());
    }
    if (!pass) return std::unexpected(pass.error());
    if (*pass) return pass;
  }
}

core::Result<Pass> Passes::with_log(Pass pass) {
  // One log for all runs in this process's own checkpoint, another for that in the job's.
  if (log_ == nullptr || pass.kind == Pass::Kind::finish) {
    auto log = member_->open_log(folder_);
    if (!log) return std::unexpected(log.error());
    log_ = *log;
  }
  pass.log = log_;
  if (spent_) {
    pass.ledger = [this](const std::string&, std::vector<std::string> members,
                         std::function<void(dispatch::LedgerLines)> tell) {
      spent_->ask(std::move(members), std::move(tell));
    };
    pass.spends_as = [this](const std::string& member) {
      log_->set_payer(member);
      member_->note_payer(member);
      spent_->add_payer(member_->worker(), member);
    };
  }
  kind_ = pass.kind;
  return pass;
}

core::Result<Pass> Passes::new_shards() {
  const auto none = [](const WorkerRow&) { return false; };
  if (auto taken = take_over(member_->board(), member_->job(),
                             {folder_, spec_.name, fingerprint_, none, {}});
      !taken)
    return std::unexpected(taken.error());
  shards_.emplace(*member_);
  return with_log({.kind = Pass::Kind::new_shards, .spec = part(), .shards = &*shards_});
}

core::Result<std::optional<Pass>> Passes::left_behind(bool own_too) {
  auto left = member_->board().left_behind(member_->job());
  if (!left) return std::unexpected(left.error());
  if (left->by.empty() && !own_too) return std::nullopt;
  const std::vector<WorkerId> own = member_->workers();
  // With what each of them said under another name, after it was taken for dead.
  std::set<WorkerId> theirs = left->had;
  const auto wanted = [&](const WorkerRow& worker) {
    const bool is_theirs = theirs.contains(worker.id) || theirs.contains(worker.origin);
    if (is_theirs) theirs.insert(worker.id);
    return is_theirs;
  };
  if (auto taken = take_over(member_->board(), member_->job(),
                             {folder_, spec_.name, fingerprint_, wanted, own});
      !taken)
    return std::unexpected(taken.error());
  shards_.emplace(*member_, std::move(left->by));
  auto pass = with_log({.kind = Pass::Kind::left_behind, .spec = part(), .shards = &*shards_});
  if (!pass) return std::unexpected(pass.error());
  return std::move(*pass);
}

core::Result<std::optional<Pass>> Passes::finish(bool again) {
  for (const bool renamed : {false, true}) {
    const auto taken = member_->take_finish(again);
    if (!taken) return std::unexpected(taken.error());
    if (!*taken) return std::nullopt;
    log_ = nullptr;
    // What it writes from here on stands in the job's own checkpoint, and not in this process's.
    if (!renamed)
      if (auto next = member_->begin_next(); !next) return std::unexpected(next.error());
  }
  const auto all = [](const WorkerRow&) { return true; };
  for (std::uint64_t connections = 0; connections != member_->board().connections();) {
    // By one connection, so of one server: all that it says is done, it has.
    connections = member_->board().connections();
    const auto now = member_->standing();
    if (!now) return std::unexpected(now.error());
    if (!by_one_ && !now->complete && !now->all_done()) return std::nullopt;
    if (auto taken = take_over(
            member_->board(), member_->job(),
            {spec_.checkpoint.directory, spec_.name, fingerprint_, all, {member_->worker()}});
        !taken)
      return std::unexpected(taken.error());
  }
  auto pass = with_log({.kind = Pass::Kind::finish, .spec = spec_});
  if (!pass) return std::unexpected(pass.error());
  if (by_one_) {
    batches_.emplace(*member_, spec_.checkpoint.directory);
    if (auto here = batches_->bring(); !here) return std::unexpected(here.error());
    pass->files = &*batches_;
  }
  return std::move(*pass);
}

std::shared_ptr<void> Passes::begin(job::Run& run) {
  member_->on_lost([this, &run] {
    lost_ = true;
    run.stop_at_once("others have its rows now");
  });
  member_->set_tally([this, &run] { return tally_of(run.progress(), earlier_); });
  return {this, [](Passes* passes) {
            passes->member_->on_lost(nullptr);
            if (passes->spent_) passes->spent_->forget();
            passes->member_->set_tally([tally = passes->earlier_] { return tally; });
          }};
}

core::Status Passes::ended(const job::RunResult& result) {
  earlier_ = tally_of(result.progress, earlier_);
  member_->set_tally([tally = earlier_] { return tally; });
  if (result.end != job::RunEnd::finished) return {};
  if (kind_ != Pass::Kind::finish) return lost_ ? core::Status() : member_->set_done();
  const auto complete = set_complete(member_->board(), member_->job(), member_->worker(),
                                     {spec_.checkpoint.directory, spec_.name, fingerprint_, {}, {}},
                                     result.dropped_rows);
  if (!complete) return std::unexpected(complete.error());
  complete_ = *complete;
  if (!complete_) lost_ = true;
  return {};
}

void Passes::leave(bool failed) {
  if (!member_) return;
  spent_.reset();
  log_ = nullptr;
  member_.reset();
  alive_.reset();
  std::error_code ignored;
  if (!failed) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace sluice::passes
