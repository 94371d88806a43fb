#include "world.h"

#include <algorithm>
#include <cmath>

namespace sluice::fleet {
namespace {

constexpr double kTolerance = 1e-6;
constexpr int kAnswersToServe = 10;  // with fewer the store is to blame

double seconds(Ms duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

World::World(std::uint64_t seed, std::vector<WorldLimit> limits)
    : random_(seed), limits_(std::move(limits)), given_twice_(limits_.size()) {}

Ms World::delay() {
  return Ms(1 + static_cast<std::int64_t>(fraction() * static_cast<double>(latency_.count())));
}

void World::at(Ms when, std::function<void()> what) {
  events_.push({std::max(when, now_), ++numbered_, std::move(what)});
}

void World::step(std::size_t member, std::function<void()> what) {
  at(now_ + delay(), [this, member, what = std::move(what)] {
    Actor& actor = *actors_[member];
    if (!actor.alive) return;
    if (actor.stopped)
      actor.held_up.push_back(what);
    else
      what();
  });
}

std::size_t World::join(double wants, double weight) {
  auto actor = std::make_unique<Actor>();
  const std::size_t number = actors_.size();
  actor->id = "m" + std::to_string(number);
  MemberConfig config{.id = actor->id, .weight = weight, .seed = random_()};
  for (const WorldLimit& limit : limits_) config.limits.push_back(limit.spec);
  actor->member = std::make_unique<Member>(std::move(config));
  actor->wants = wants;
  actor->sent.resize(limits_.size());
  actor->running.resize(limits_.size());
  actor->served = now_;
  actors_.push_back(std::move(actor));
  wake(number);
  disturbed_ = now_;
  return number;
}

void World::wake(std::size_t member) {
  Actor& actor = *actors_[member];
  if (!actor.alive || actor.left) return;
  const core::Time next = actor.member->next_call();
  const Ms when = next <= time() ? now_ : now_ + std::chrono::ceil<Ms>(next - time());
  at(when, [this, member] {
    Actor& one = *actors_[member];
    if (!one.alive || one.left) return;
    if (one.stopped)
      one.held_up.push_back([this, member] { begin_call(member); });
    else
      begin_call(member);
  });
}

void World::begin_call(std::size_t member) {
  Actor& actor = *actors_[member];
  if (actor.left) return;
  for (std::size_t l = 0; l < limits_.size(); ++l) {
    actor.member->wants(l, actor.wants);
    actor.member->waits(l, actor.wants > 0 ? limits_[l].need : 0);
    actor.member->in_flight(l, actor.running[l]);
  }
  const auto call = std::make_shared<const Call>(actor.member->call(time()));
  actor.call = call->number;
  if (!actor.cut_off) at(now_ + delay(), [this, member, call] { read(member, call); });
  at(now_ + kCallTimeout, [this, member, number = call->number] {
    Actor& one = *actors_[member];
    if (!one.alive || one.call != number) return;
    one.call = 0;
    one.member->failed();
    wake(member);
  });
}

void World::read(std::size_t member, std::shared_ptr<const Call> call) {
  if (actors_[member]->cut_off || fraction() < lost_) return;
  auto got = std::make_shared<Store<PoolState>::Read>(store_.read(now_));
  step(member, [this, member, call, got] {
    if (actors_[member]->call != call->number || actors_[member]->cut_off) return;
    const auto answer = std::make_shared<const Answer>(exchange(got->state, *call, got->now));
    at(now_ + delay(), [this, member, call, got, answer] {
      write(member, call, got->version, std::move(got->state), answer);
    });
  });
}

void World::write(std::size_t member, std::shared_ptr<const Call> call, std::uint64_t version,
                  PoolState state, std::shared_ptr<const Answer> answer) {
  const bool written = store_.write(now_, version, std::move(state));
  const Ms written_at = now_;
  if (actors_[member]->cut_off || fraction() < lost_) return;
  step(member, [this, member, call, answer, written, written_at] {
    Actor& actor = *actors_[member];
    if (actor.call != call->number) return;
    if (!written) {
      ++retries_;
      at(now_ + delay(), [this, member, call] { read(member, call); });
      return;
    }
    actor.call = 0;
    actor.committed = written_at;
    if (answer->learning == Ms(0)) ++actor.unserved;
    actor.member->answered(time(), *answer);
    if (written_at >= lost_from_ && written_at < lost_until_) given_in_lost_time(actor);
    wake(member);
  });
}

void World::leave(std::size_t member) {
  Actor& actor = *actors_[member];
  if (!actor.alive || actor.left || actor.stopped) return;
  const auto call = std::make_shared<const Call>(actor.member->leave(time()));
  actor.left = true;
  actor.call = call->number;
  std::ranges::fill(actor.running, 0);
  if (!actor.cut_off) at(now_ + delay(), [this, member, call] { read(member, call); });
}

void World::kill(std::size_t member) {
  actors_[member]->alive = false;
}

void World::stop(std::size_t member, bool stopped) {
  Actor& actor = *actors_[member];
  if (actor.stopped == stopped) return;
  actor.stopped = stopped;
  disturbed_ = now_;
  if (stopped) return;
  auto steps = std::move(actor.held_up);
  actor.held_up.clear();
  for (auto& what : steps) what();
}

void World::cut_off(std::size_t member, bool cut) {
  actors_[member]->cut_off = cut;
  disturbed_ = now_;
}

void World::lose_store() {
  store_.lose();
  disturbed_ = now_;
}

void World::roll_back_store(Ms by) {
  store_.roll_back(now_ - by);
  disturbed_ = now_;
  if (now_ >= lenient_until_) std::ranges::fill(given_twice_, 0);
  lost_from_ = std::min(now_ - by, now_ < lenient_until_ ? lost_from_ : now_);
  lost_until_ = now_;
  lenient_until_ = now_ + kLeaseTicks * kTick + kCallTimeout;
  for (const auto& actor : actors_)
    if (actor->alive && actor->committed >= now_ - by) given_in_lost_time(*actor);
}

// May be given twice, for a lease.
void World::given_in_lost_time(const Actor& actor) {
  for (std::size_t l = 0; l < limits_.size(); ++l)
    given_twice_[l] += actor.member->share(time(), l);
}

double World::share(std::size_t member, std::size_t limit) const {
  const Actor& actor = *actors_[member];
  return actor.alive && !actor.left ? actor.member->share(time(), limit) : 0;
}

double World::sum(std::size_t limit) const {
  double sum = 0;
  for (std::size_t i = 0; i < actors_.size(); ++i) sum += share(i, limit);
  return sum;
}

double World::sent(std::size_t limit) const {
  double sum = 0;
  for (const auto& actor : actors_) sum += actor->sent[limit];
  return sum;
}

// Shares change only with an event or at the end of a lease, and the latter only makes them less; so what they are now is an
// upper bound of what they are until the next event.
void World::use(Ms until) {
  const double elapsed = seconds(until - now_);
  for (const auto& actor : actors_) {
    if (!actor->alive || actor->stopped || actor->left) continue;
    bool served = actor->wants <= 0;
    for (std::size_t l = 0; l < limits_.size(); ++l) {
      const double share = actor->member->share(time(), l);
      if (limits_[l].spec.kind == Kind::slots) {
        actor->running[l] = std::min(actor->wants, share);
        actor->member->in_flight(l, actor->running[l]);
        actor->sent[l] += actor->running[l] * elapsed;
        served = served || actor->running[l] >= 1;
        continue;
      }
      double units = std::min(actor->wants, share) * elapsed;
      served = served || share * seconds(kPatience) >= limits_[l].need;
      if (const double permit = actor->member->permit(time(), l); permit > 0) {
        units += permit;
        actor->member->take_permit(l);
        served = true;
      }
      actor->sent[l] += units;
      actor->member->used(l, units);
    }
    if (!served && !actor->cut_off) continue;
    actor->served = until;
    actor->unserved = 0;
  }
}

void World::check() {
  for (std::size_t l = 0; l < limits_.size(); ++l) {
    const double cap = store_.state().limits.size() > l ? store_.state().limits[l].cap
                                                        : limits_[l].spec.stated.value_or(0);
    if (!limits_[l].spec.stated) continue;
    const double all = sum(l);
    most_over_ = std::max(most_over_, all / *limits_[l].spec.stated - 1);
    const double allowed = *limits_[l].spec.stated + (now_ <= lenient_until_ ? given_twice_[l] : 0);
    if (all > allowed * (1 + kTolerance))
      broke("the shares of " + limits_[l].spec.name + " are " + std::to_string(all) + " of " +
            std::to_string(allowed) + ", cap " + std::to_string(cap));
  }
  for (const auto& actor : actors_) {
    if (!actor->alive || actor->left || actor->stopped || actor->wants <= 0) continue;
    if (actor->unserved < kAnswersToServe) continue;
    double slowest = 0;
    const double living = static_cast<double>(actors_.size());
    for (const WorldLimit& limit : limits_) {
      const double turn = limit.spec.kind == Kind::slots ? seconds(kTurn) + 4 : limit.need;
      slowest = std::max(slowest, turn * living / limit.spec.stated.value_or(1));
    }
    const Ms bound =
        Ms(30'000) + std::chrono::duration_cast<Ms>(std::chrono::duration<double>(3 * slowest));
    if (now_ - std::max(actor->served, disturbed_) > bound)
      broke(actor->id + " has had nothing for " + std::to_string(seconds(now_ - actor->served)) +
            " s");
  }
}

void World::broke(const std::string& what) {
  if (broken_.empty()) broken_ = "after " + std::to_string(seconds(now_)) + " s: " + what;
}

bool World::play(Ms duration) {
  const Ms end = now_ + duration;
  while (broken_.empty() && !events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    use(event.at);
    now_ = event.at;
    event.what();
    check();
  }
  if (broken_.empty()) {
    use(end);
    now_ = end;
    check();
  }
  return broken_.empty();
}

}  // namespace sluice::fleet
