#include "shared_job/membership.h"

#include <utility>

#include "core/thread_name.h"

namespace sluice::shared_job {

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
  if (auto added = member->add(new_worker_id(), 0); !added) return std::unexpected(added.error());
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

core::Status Membership::add(WorkerId worker, WorkerId origin) {
  const auto before = std::chrono::steady_clock::now();
  if (auto added = board_->add_worker(job_, worker, origin, setup_.name, setup_.fingerprint);
      !added)
    return added;
  const std::lock_guard lock(mutex_);
  workers_.push_back(worker);
  heard_ = before;
  shards_.clear();
  last_new_ = -1;
  return {};
}

WorkerId Membership::worker() const {
  const std::lock_guard lock(mutex_);
  return workers_.back();
}

std::vector<WorkerId> Membership::workers() const {
  const std::lock_guard lock(mutex_);
  return workers_;
}

void Membership::on_lost(std::function<void()> lost) {
  const std::lock_guard lock(losing_);
  lost_ = std::move(lost);
}

void Membership::set_tally(std::function<Tally()> tally) {
  const std::lock_guard lock(mutex_);
  tally_ = std::move(tally);
}

core::Result<std::unique_ptr<ShippedLog>> Membership::open_log(const std::string& directory) {
  return ShippedLog::make(
      *for_log_, worker(), directory, [this](WorkerId from) { return rejoin(from); },
      [this](WorkerId known) { return restore(known); });
}

core::Status Membership::begin_next() {
  Tally tally;
  WorkerId before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = workers_.back();
    tally = tally_();
  }
  if (auto added = add(new_worker_id(), 0); !added) return added;
  return board_->leave(before, tally);
}

core::Result<WorkerId> Membership::rejoin(WorkerId from) {
  const std::lock_guard one_at_a_time(rejoining_);
  {
    const std::lock_guard lock(mutex_);
    if (workers_.back() != from)
      return workers_.back();  // the other connection has found out before
  }
  setup_.problem(
      "this worker was not heard of for too long: others have its rows now; what is in flight is "
      "kept");
  {
    const std::lock_guard lock(losing_);
    if (lost_) lost_();  // before anything comes under the new number
  }
  const WorkerId next = new_worker_id();
  if (auto added = add(next, from); !added) return std::unexpected(added.error());
  return next;
}

core::Status Membership::restore(WorkerId worker) {
  std::vector<std::uint64_t> shards;
  WorkerId origin = 0;
  {
    const std::lock_guard lock(mutex_);
    if (workers_.back() == worker) shards = shards_;
    for (std::size_t i = 1; i < workers_.size(); ++i)
      if (workers_[i] == worker) origin = workers_[i - 1];
  }
  if (auto added = for_log_->add_worker(job_, worker, origin, setup_.name, setup_.fingerprint);
      !added)
    return added;
  return for_log_->restore(job_, worker, shards);
}

core::Result<std::optional<std::uint64_t>> Membership::take_new() {
  WorkerId worker = 0;
  std::int64_t after = -1;
  {
    const std::lock_guard lock(mutex_);
    worker = workers_.back();
    after = last_new_;
  }
  auto taken = board_->take_new(job_, worker, after);
  if (!taken || !*taken) return taken;
  const std::lock_guard lock(mutex_);
  if (workers_.back() != worker) return std::nullopt;
  last_new_ = static_cast<std::int64_t>(**taken);
  shards_.push_back(**taken);
  return taken;
}

core::Result<std::optional<std::uint64_t>> Membership::take_left_behind(
    std::uint64_t from, const std::set<WorkerId>& of) {
  const WorkerId worker = this->worker();
  auto taken = board_->take_left_behind(job_, worker, from, of);
  if (!taken || !*taken) return taken;
  const std::lock_guard lock(mutex_);
  if (workers_.back() != worker) return std::nullopt;
  shards_.push_back(**taken);
  return taken;
}

core::Status Membership::set_done() {
  return board_->set_done(job_, worker());
}

core::Status Membership::renew() {
  Tally tally;
  WorkerId worker = 0;
  {
    const std::lock_guard lock(mutex_);
    worker = workers_.back();
    tally = tally_();
  }
  const auto before = std::chrono::steady_clock::now();
  auto alive = board_->renew(worker, tally);
  if (!alive) return std::unexpected(alive.error());
  const bool away = board_->connections() != connections_;
  connections_ = board_->connections();
  if (!*alive && away) {  // a fail-over may have lost that it has ever joined
    if (auto restored = restore(worker); !restored) return restored;
    alive = board_->renew(worker, tally);
    if (!alive) return std::unexpected(alive.error());
  }
  if (!*alive) {
    const auto next = rejoin(worker);
    if (!next) return std::unexpected(next.error());
  } else {
    const std::lock_guard lock(mutex_);
    heard_ = before;
  }
  const auto now = std::chrono::steady_clock::now();
  if (away || now - before > kRenewal || !heard_since_) heard_since_ = now;
  if (now - *heard_since_ < kLease) return {};
  return board_->mark_dead(job_);
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
    if (leaving_ || workers_.empty()) return;
    leaving_ = true;
    tally = tally_();
    worker = workers_.back();
  }
  board_->hurry();
  leave_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::ignore = board_->leave(worker, tally);  // else its lease ends by itself
}

}  // namespace sluice::shared_job
