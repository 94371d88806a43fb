// A batch from step to step, on the batches' thread.
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <utility>

#include "core/thread_name.h"
#include "parked/batch_jobs_impl.h"
#include "schedule/parking.h"

namespace sluice::parked {
namespace {

constexpr std::chrono::seconds kLookAtDeadline{5};

}  // namespace

void ThreadBatchJobs::run() noexcept {
  core::name_thread("sluice-batches");
  try {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (closing_) return;
      }
      if (failed_ || !take_sealed()) return;
      const core::WallTime at = drive();
      publish();
      std::unique_lock lock(mutex_);
      if (closing_ || !sealed_.empty()) continue;
      const core::Duration rest =
          std::min<core::Duration>(at - setup_.clock.wall_now(), kLookAtDeadline);
      if (rest > core::Duration::zero()) changed_.wait_for(lock, rest);
    }
  } catch (...) {
    fail(core::caught());
  }
}

bool ThreadBatchJobs::take_sealed() {
  std::vector<Sealed> sealed;
  {
    const std::lock_guard lock(mutex_);
    sealed = std::exchange(sealed_, {});
  }
  for (Sealed& one : sealed) {
    if (auto done = one.writer.finish(); !done) return fail(done.error()), false;
    if (auto shared = share(one.record.nonce, {FileKind::rows}); !shared)
      return fail(shared.error()), false;
    one.record.bytes = one.writer.bytes();
    one.record.intended_at = std::chrono::floor<std::chrono::seconds>(setup_.clock.wall_now())
                                 .time_since_epoch()
                                 .count();
    if (auto opened = rows_.seal(one.record.nonce); !opened) return fail(opened.error()), false;
    Service& service = services_[one.record.endpoint];
    driven_.push_back(std::make_unique<Driven>(
        batch::Machine(*service.api, std::move(one.record), true, service.patience, service.window),
        &service));
    Driven& driven = *driven_.back();
    const std::uint32_t least = service.api->limits().least;
    if (driven.machine.record().lines < least) {
      driven.machine.give_up(fmt::format("the provider takes no batch of fewer than {}", least));
      setup_.stopped(driven.machine.record().endpoint, driven.machine.record().note);
    }
    if (!commit(driven)) return false;
    if (!driven.machine.record().open()) over(driven);
  }
  return true;
}

bool ThreadBatchJobs::may_create(const Driven& driven) const {
  if (paused_) return false;
  const std::uint32_t endpoint = driven.machine.record().endpoint;
  std::uint64_t tokens = 0;
  for (const auto& other : driven_) {
    const BatchRecord& record = other->machine.record();
    if (other.get() == &driven || record.endpoint != endpoint) continue;
    // One in doubt at a time, so that what is found can be told apart.
    if (other->machine.in_doubt() && !driven.machine.in_doubt()) return false;
    if (record.phase == BatchPhase::created) tokens += record.worst_usage.input;
  }
  const auto& limit = driven.service->queue_tokens;
  return !limit || tokens == 0 || tokens + driven.machine.record().worst_usage.input <= *limit;
}

core::WallTime ThreadBatchJobs::drive() {
  core::WallTime again = core::WallTime::max();
  if (const core::WallTime now = setup_.clock.wall_now(); now - looked_ >= kLookAtDeadline) {
    looked_ = now;
    if (setup_.shared != nullptr) setup_.shared->tend();
    take_cancel_requests();
    look_at_deadline(now);
  }
  for (std::size_t i = 0; i < driven_.size() && !failed_; ++i) {
    Driven& driven = *driven_[i];
    {
      const std::lock_guard lock(mutex_);
      if (closing_) break;
    }
    const core::WallTime now = setup_.clock.wall_now();
    const auto next = driven.machine.next(now);
    if (next.step == batch::Step::none) continue;
    const bool makes = next.step == batch::Step::create || next.step == batch::Step::upload;
    if (driven.machine.no_room() || (makes && !may_create(driven))) continue;
    if (next.at <= now) {
      step(driven, next.step);
      again = setup_.clock.wall_now();
    } else {
      again = std::min(again, next.at);
    }
  }
  std::erase_if(driven_, [&](const auto& driven) {
    const bool done = driven->machine.next(core::WallTime::max()).step == batch::Step::none;
    if (done) former_.push_back(driven->machine.record());
    return done;
  });
  return again;
}

void ThreadBatchJobs::step(Driven& driven, batch::Step step) {
  batch::Machine& machine = driven.machine;
  if (setup_.shared != nullptr && !may_take(driven, step)) return;
  if (step == batch::Step::clean_up) return clean_up(driven);
  if (step == batch::Step::collect) {
    if (auto done = bring_home(driven); !done)
      machine.put_off(done.error().text(), setup_.clock.wall_now());
    return;
  }
  if (step == batch::Step::upload) {
    if (const auto place = driven.service->api->place_of_file(machine.job())) {
      const core::Status put = put_file(driven, *place);
      const core::WallTime now = setup_.clock.wall_now();
      if (put) {
        machine.placed(now);
        commit(driven);
      } else {
        machine.put_off(put.error().text(), now);
      }
      return;
    }
  }
  if (step == batch::Step::search) {
    std::vector<std::string> known;
    for (const auto& other : driven_)
      if (other.get() != &driven && !other->machine.record().id.empty())
        known.push_back(other->machine.record().id);
    for (const BatchRecord& record : former_) known.push_back(record.id);
    machine.set_known(std::move(known));
  }
  if (step == batch::Step::create) {
    machine.creating();
    if (machine.changed() && !commit(driven)) return;
  }
  const Called called =
      caller_->call(machine.record().endpoint, machine.call(step),
                    file_of(setup_.directory, machine.record().nonce, FileKind::upload), {},
                    step != batch::Step::create);
  if (called.stopped) return;
  machine.took(step, called.answer(), setup_.clock.wall_now());
  if (machine.no_room()) handle_no_room(driven);
  if (machine.changed() && !commit(driven)) return;
  if (machine.record().phase == BatchPhase::dropped) over(driven);
}

void ThreadBatchJobs::handle_no_room(Driven& driven) {
  std::uint64_t tokens = 0;
  for (const auto& other : driven_) {
    const BatchRecord& record = other->machine.record();
    if (other.get() != &driven && record.endpoint == driven.machine.record().endpoint &&
        record.phase == BatchPhase::created)
      tokens += record.worst_usage.input;
  }
  if (tokens > 0) {  // its turn comes when others have ended: over() says so
    driven.service->queue_tokens = tokens;
    return;
  }
  if (driven.machine.record().lines == 1)  // there is no smaller one: it waits for others' to end
    return driven.machine.room_again();
  halve_lines(driven.machine.record());
  driven.machine.too_large();
}

bool ThreadBatchJobs::commit(Driven& driven, std::vector<store::Settlement> settlements) {
  const auto durable = std::make_shared<std::promise<void>>();
  store::Results results{std::move(settlements), {}};
  results.batches = {driven.machine.record()};
  setup_.checkpoint.commit(std::move(results), [durable] { durable->set_value(); });
  auto done = durable->get_future();
  while (done.wait_for(kLookForOrders) != std::future_status::ready) {
    if (failed_) return false;
  }
  driven.machine.durable();
  if (setup_.observer != nullptr) tell(driven.machine.record());
  return true;
}

void ThreadBatchJobs::tell(const BatchRecord& record) {
  setup_.observer->on(observe::BatchChanged{.endpoint = record.endpoint,
                                            .name = record.nonce,
                                            .phase = store::phase_name(record.phase),
                                            .requests = record.lines,
                                            .rows = record.rows,
                                            .done = record.done,
                                            .failed = record.failed,
                                            .cost = record.cost,
                                            .note = record.note});
}

// It was collected or dropped.
void ThreadBatchJobs::over(Driven& driven) {
  const BatchRecord& record = driven.machine.record();
  if (auto ended = rows_.ended(record.nonce, record.phase); !ended) return fail(ended.error());
  if (!driven.machine.refused().empty()) setup_.stopped(record.endpoint, driven.machine.refused());
  setup_.collected(record.endpoint, record.lines, record.worst_cost, record.cost);
  for (const auto& other : driven_)
    if (other->machine.record().endpoint == record.endpoint) other->machine.room_again();
  brought_ = true;
  if (record.cancelled) urgent_ = true;
  publish();
}

void ThreadBatchJobs::take_cancel_requests() {
  const auto which = take_cancels(setup_.directory);
  if (!which) return;
  for (const auto& driven : driven_) {
    const BatchRecord& record = driven->machine.record();
    const bool named = which->empty() || std::ranges::find(*which, record.nonce) != which->end() ||
                       std::ranges::find(*which, record.id) != which->end();
    if (named && record.open()) driven->machine.cancel();
  }
}

void ThreadBatchJobs::look_at_deadline(core::WallTime now) {
  if (!setup_.deadline || !setup_.online) return;
  const BatchSetup::Online online = setup_.online();
  std::vector<schedule::OpenBatch> open;
  std::vector<Driven*> which;
  for (const auto& driven : driven_) {
    const BatchRecord& record = driven->machine.record();
    if (!record.open() || record.phase == BatchPhase::ended) continue;
    const std::uint32_t done = std::min(record.lines, record.done + record.failed);
    open.push_back(
        {.lines = static_cast<double>(record.lines - done), .given_up = record.cancelled});
    which.push_back(driven.get());
  }
  const double seconds = core::in_seconds(*setup_.deadline - now);
  for (const std::size_t i : schedule::late_batches(open, online.left, online.per_second, seconds))
    which[i]->machine.cancel();
}

void ThreadBatchJobs::publish() {
  std::vector<BatchRecord> all;
  std::size_t open = 0;
  std::size_t not_created = 0;
  for (const auto& driven : driven_) {
    all.push_back(driven->machine.record());
    if (all.back().open()) ++open;
    if (all.back().phase < BatchPhase::created) ++not_created;
  }
  all.insert(all.end(), former_.begin(), former_.end());
  const std::lock_guard lock(mutex_);
  published_ = std::move(all);
  undecided_ = open + sealed_.size();
  not_created_ = not_created + sealed_.size();
  changed_.notify_all();
}

}  // namespace sluice::parked
