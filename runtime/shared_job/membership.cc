#include "shared_job/membership.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "core/thread_name.h"

namespace sluice::shared_job {
namespace {

// After a fail-over: in which every process is heard again.
constexpr auto kOthersAreBack = 2 * kRenewal;

}  // namespace

core::Result<std::unique_ptr<Membership>> Membership::join(Setup setup) {
  std::unique_ptr<Membership> member(new Membership(std::move(setup)));
  for (std::unique_ptr<Board>* board : {&member->board_, &member->for_log_}) {
    auto opened = Board::open(member->setup_.url, member->setup_.problem);
    if (!opened) return std::unexpected(opened.error());
    *board = std::move(*opened);
  }
  auto job = member->board_->enter(member->setup_.job, member->setup_.fingerprint,
                                   member->setup_.shard_rows);
  if (!job) return std::unexpected(job.error());
  member->job_ = *job;
  if (auto added = member->add(new_worker_id(), 0, nullptr); !added)
    return std::unexpected(added.error());
  member->connections_ = member->board_->connections();
  member->thread_ = std::thread([m = member.get()] { m->run(); });
  return member;
}

Membership::~Membership() {
  leave();
}

bool Membership::is_heard() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() - heard_ < kLease - kRenewal;
}

core::Status Membership::add(WorkerId worker, WorkerId origin, ShippedLog* log) {
  const auto before = std::chrono::steady_clock::now();
  if (auto added = board_->add_worker(job_, worker, origin, setup_.name, setup_.fingerprint);
      !added)
    return added;
  const std::lock_guard lock(mutex_);
  own_.push_back({.claim = {.worker = worker, .origin = origin, .name = setup_.name}, .log = log});
  heard_ = before;
  return {};
}

WorkerId Membership::worker() const {
  const std::lock_guard lock(mutex_);
  return own_.back().claim.worker;
}

std::vector<WorkerId> Membership::workers() const {
  const std::lock_guard lock(mutex_);
  std::vector<WorkerId> workers;
  for (const Own& own : own_) workers.push_back(own.claim.worker);
  return workers;
}

void Membership::on_lost(std::function<void()> lost) {
  const std::lock_guard lock(losing_);
  lost_ = std::move(lost);
}

void Membership::set_tally(std::function<Tally()> tally) {
  const std::lock_guard lock(mutex_);
  tally_ = std::move(tally);
}

core::Result<ShippedLog*> Membership::open_log(const std::string& directory) {
  auto log = ShippedLog::make(
      *for_log_, worker(), directory, [this](WorkerId from) { return rejoin(from); },
      [this](WorkerId known) { return restore(known, *for_log_); });
  if (!log) return std::unexpected(log.error());
  const std::lock_guard lock(mutex_);
  logs_.push_back(std::move(*log));
  own_.back().log = logs_.back().get();
  return own_.back().log;
}

core::Status Membership::begin_next() {
  Tally tally;
  {
    const std::lock_guard lock(mutex_);
    tally = tally_();
  }
  const WorkerId before = worker();
  if (auto added = add(new_worker_id(), 0, nullptr); !added) return added;
  if (auto left = board_->leave(before, tally); !left) return left;
  const std::lock_guard lock(mutex_);
  own_[own_.size() - 2].left = true;
  return {};
}

core::Result<WorkerId> Membership::rejoin(WorkerId from) {
  const std::lock_guard one_at_a_time(rejoining_);
  ShippedLog* log = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto before = std::ranges::find(own_, from, [](const Own& o) { return o.claim.worker; });
    if (before == own_.end() || before->left)  // it left with nothing to say
      return core::fail(core::ErrorCode::io, "what a worker said before it left is not there",
                        board_->place());
    if (own_.back().claim.worker != from)
      return own_.back().claim.worker;  // the other connection has found out before
    log = own_.back().log;
  }
  setup_.problem(
      "this worker was not heard of for too long: others have its rows now; what is in flight is "
      "kept");
  {
    const std::lock_guard lock(losing_);
    if (lost_) lost_();  // before anything comes under the new number
  }
  const WorkerId next = new_worker_id();
  if (auto added = add(next, from, log); !added) return std::unexpected(added.error());
  const std::lock_guard lock(mutex_);
  own_[own_.size() - 2].log = nullptr;
  return next;
}

core::Status Membership::restore(WorkerId worker, Board& board) {
  Claim claim;
  {
    const std::lock_guard lock(mutex_);
    for (const Own& own : own_)
      if (own.claim.worker == worker) claim = own.claim;
  }
  return board.restore(job_, setup_.job, setup_.fingerprint, claim);
}

// What the server has lost of any number under which there is something to put back.
core::Status Membership::restore_all() {
  std::vector<Own> all;
  {
    const std::lock_guard lock(mutex_);
    all = own_;
  }
  for (const Own& own : all) {
    const bool present = own.claim.worker == worker();
    if (own.log == nullptr && !present) continue;
    // Its shards are done where its log is there: once before, so that others do not take them, and once after.
    for (const bool log_is_there : {false, true}) {
      if (auto put = restore(own.claim.worker, *board_); !put) return put;
      if (log_is_there || own.log == nullptr) continue;
      if (auto sent = own.log->look(); !sent) return sent;
    }
    if (own.finishes && present)
      if (auto taken = board_->take_finish(job_, own.claim.worker, own.again); !taken)
        return std::unexpected(taken.error());
    if (!own.left) continue;
    if (auto left = board_->leave(own.claim.worker, {}); !left) return left;
  }
  return {};
}

bool Membership::settled() const {
  const auto promoted = board_->promoted_at();
  return !promoted || std::chrono::steady_clock::now() - *promoted > kOthersAreBack;
}

// After a fail-over something may be given out that another process had before: it is given the time to say so.
void Membership::settle() {
  constexpr std::chrono::milliseconds kLook{50};
  do {
    while (!settled() && !leaving_) std::this_thread::sleep_for(kLook);
    std::ignore = board_->last_chunk(0);  // finds out that the connection is gone
  } while (!settled() && !leaving_);
}

void Membership::note_payer(const std::string& payer) {
  const std::lock_guard lock(mutex_);
  own_.back().claim.payers.push_back(payer);
}

core::Result<Standing> Membership::standing() {
  const WorkerId worker = this->worker();
  auto standing = board_->standing(job_, worker);
  if (standing) return standing;
  // The job itself may be younger than what a promoted server has.
  if (auto put = restore(worker, *board_); !put) return standing;
  return board_->standing(job_, worker);
}

core::Result<std::optional<std::uint64_t>> Membership::take_new() {
  settle();
  WorkerId worker = 0;
  std::int64_t after = -1;
  {
    const std::lock_guard lock(mutex_);
    worker = own_.back().claim.worker;
    after = own_.back().last_new;
  }
  auto taken = board_->take_new(job_, worker, after);
  if (!taken || !*taken) return taken;
  const std::lock_guard lock(mutex_);
  Own& own = own_.back();
  if (own.claim.worker != worker) return std::nullopt;
  own.last_new = static_cast<std::int64_t>(**taken);
  own.claim.shards[**taken] = false;
  return taken;
}

core::Result<std::optional<std::uint64_t>> Membership::take_left_behind(
    std::uint64_t from, const std::set<WorkerId>& of) {
  settle();
  const WorkerId worker = this->worker();
  auto taken = board_->take_left_behind(job_, worker, from, of);
  if (!taken || !*taken) return taken;
  const std::lock_guard lock(mutex_);
  Own& own = own_.back();
  if (own.claim.worker != worker) return std::nullopt;
  own.claim.shards[**taken] = false;
  own.claim.taken_from.insert(of.begin(), of.end());
  return taken;
}

core::Result<bool> Membership::take_finish(bool again) {
  settle();
  const WorkerId worker = this->worker();
  const auto taken = board_->take_finish(job_, worker, again);
  if (!taken || !*taken) return taken;
  const std::lock_guard lock(mutex_);
  Own& own = own_.back();
  if (own.claim.worker != worker) return taken;
  own.finishes = true;
  own.again = again;
  return taken;
}

core::Status Membership::leave_missing() {
  settle();
  return board_->leave_missing(job_);
}

core::Status Membership::set_done() {
  constexpr std::chrono::milliseconds kAgain{100};
  const WorkerId worker = this->worker();
  std::vector<std::uint64_t> shards;
  ShippedLog* log = nullptr;
  std::uint64_t chunks = 0;
  {
    const std::lock_guard lock(mutex_);
    log = own_.back().log;
    chunks = log == nullptr ? 0 : log->sent_of(worker);
    for (const auto& [no, done] : own_.back().claim.shards)
      if (!done) shards.push_back(no);
  }
  while (true) {
    const auto set = board_->set_done(job_, worker, shards, chunks);
    if (!set) return std::unexpected(set.error());
    if (*set) break;
    if (this->worker() != worker) return {};  // others have them
    if (log != nullptr)
      if (auto sent = log->look(); !sent) return sent;
    std::this_thread::sleep_for(kAgain);
  }
  const std::lock_guard lock(mutex_);
  Own& own = own_.back();
  if (own.claim.worker != worker) return {};
  own.claim.chunks = std::max(own.claim.chunks, chunks);
  for (const std::uint64_t no : shards)
    if (const auto found = own.claim.shards.find(no); found != own.claim.shards.end())
      found->second = true;
  return {};
}

core::Status Membership::set_shards(std::uint64_t shards) {
  {
    const std::lock_guard lock(mutex_);
    auto& own = own_.back().claim.shards;
    own.erase(own.lower_bound(shards), own.end());
  }
  return board_->set_shards(job_, shards);
}

core::Status Membership::renew() {
  Tally tally;
  WorkerId worker = 0;
  std::uint64_t chunks = 0, done = 0;  // at least
  {
    const std::lock_guard lock(mutex_);
    const Own& own = own_.back();
    worker = own.claim.worker;
    tally = tally_();
    if (own.log != nullptr) chunks = own.log->sent_of(worker);
    done =
        static_cast<std::uint64_t>(std::ranges::count(own.claim.shards | std::views::values, true));
  }
  const auto before = std::chrono::steady_clock::now();
  auto renewed = board_->renew(worker, tally);
  if (!renewed) return std::unexpected(renewed.error());
  const bool away = board_->connections() != connections_;
  connections_ = board_->connections();
  if (away || !renewed->known || renewed->chunks < chunks || renewed->done < done) {
    if (auto restored = restore_all(); !restored) return restored;
    renewed = board_->renew(worker, tally);
    if (!renewed) return std::unexpected(renewed.error());
  }
  if (!renewed->alive) {
    const auto next = rejoin(worker);
    if (!next) return std::unexpected(next.error());
    return {};
  }
  {
    const std::lock_guard lock(mutex_);
    heard_ = before;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - before > kRenewal || !heard_since_) heard_since_ = now;
  // A cut that was short for this process was so for the others; another server may have another clock.
  if (now - *heard_since_ < kLease || !settled()) return {};
  return board_->mark_dead(job_, renewed->now);
}

void Membership::run() {
  core::name_thread("sluice-lease");
  std::unique_lock lock(mutex_);
  while (!leave_.wait_for(lock, kRenewal, [this] { return leaving_.load(); })) {
    lock.unlock();
    if (auto renewed = renew(); !renewed && !leaving_)
      setup_.problem("the shared checkpoint: " + renewed.error().text());
    lock.lock();
  }
}

void Membership::leave() {
  Tally tally;
  WorkerId worker = 0;
  {
    const std::lock_guard lock(mutex_);
    if (leaving_ || own_.empty()) return;
    leaving_ = true;
    tally = tally_();
    worker = own_.back().claim.worker;
  }
  for (Board* board : {board_.get(), for_log_.get()}) board->hurry();
  leave_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::ignore = board_->leave(worker, tally);  // else its lease ends by itself
}

}  // namespace sluice::shared_job
