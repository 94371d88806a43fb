#include "world.h"

#include <algorithm>

namespace sluice::fleet {
namespace {

constexpr double kTolerance = 1e-6;
constexpr int kAnswersToServe = 10;  // with fewer the store is to blame

double seconds(Ms duration) {
  return std::chrono::duration<double>(duration).count();
}
Ms in_ms(double seconds) {
  return std::chrono::duration_cast<Ms>(std::chrono::duration<double>(seconds));
}

}  // namespace

World::World(std::uint64_t seed, std::vector<WorldLimit> limits)
    : machines_(seed), limits_(std::move(limits)), given_twice_(limits_.size()) {}

std::size_t World::join(double wants, double weight, const std::string& heir_of) {
  const std::size_t number = machines_.add();
  auto actor = std::make_unique<Actor>();
  actor->id = "m" + std::to_string(number);
  MemberConfig config{
      .id = actor->id, .heir_of = heir_of, .weight = weight, .seed = machines_.draw()};
  for (const WorldLimit& limit : limits_) config.limits.push_back(limit.spec);
  actor->member = std::make_unique<Member>(std::move(config));
  actor->wants = wants;
  actor->sent.resize(limits_.size());
  actor->running.resize(limits_.size());
  actor->served = disturbed_ = now();
  actors_.push_back(std::move(actor));
  wake(number);
  return number;
}

std::size_t World::restart(std::size_t member) {
  kill(member);
  return join(actors_[member]->wants, 1, actors_[member]->id);
}

void World::wake(std::size_t member) {
  if (actors_[member]->left) return;
  machines_.at(machines_.when(actors_[member]->member->next_call()), member,
               [this, member] { begin_call(member); });
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
  const std::uint64_t number = actor.call = call->number;
  machines_.carry(
      store_, member, call, [&actor, number] { return actor.call == number; },
      [this, &actor, member](const Answer& answer, Ms written_at) {
        actor.call = 0;
        actor.committed = written_at;
        if (answer.learning == Ms(0)) ++actor.unserved;
        actor.member->answered(time(), answer);
        if (written_at >= lost_from_ && written_at < lost_until_) given_in_lost_time(actor);
        wake(member);
      });
  machines_.at(now() + kCallTimeout, member, [this, &actor, member, number] {
    if (actor.call != number) return;
    actor.call = 0;
    actor.member->failed();
    wake(member);
  });
}

void World::leave(std::size_t member) {
  Actor& actor = *actors_[member];
  if (!sends(member) || machines_.stopped(member)) return;
  const auto call = std::make_shared<const Call>(actor.member->leave(time()));
  actor.left = true;
  actor.call = 0;
  std::ranges::fill(actor.running, 0);
  machines_.carry(store_, member, call, [] { return true; }, [](const Answer&, Ms) {});
}

void World::stop(std::size_t member, bool stopped) {
  machines_.stop(member, stopped);
  disturbed_ = now();
}

void World::cut_off(std::size_t member, bool cut_off) {
  machines_.cut_off(member, cut_off);
  disturbed_ = now();
}

void World::lose_store() {
  store_.lose();
  disturbed_ = now();
}

void World::roll_back_store(Ms by) {
  store_.roll_back(now() - by);
  disturbed_ = now();
  if (now() >= lenient_until_) std::ranges::fill(given_twice_, 0);
  lost_from_ = std::min(now() - by, now() < lenient_until_ ? lost_from_ : now());
  lost_until_ = now();
  lenient_until_ = now() + kLeaseTicks * kTick + kCallTimeout;
  for (std::size_t i = 0; i < actors_.size(); ++i)
    if (machines_.alive(i) && actors_[i]->committed >= now() - by) given_in_lost_time(*actors_[i]);
}

// May be given twice, for a lease.
void World::given_in_lost_time(const Actor& actor) {
  for (std::size_t l = 0; l < limits_.size(); ++l)
    given_twice_[l] += actor.member->share(time(), l);
}

double World::share(std::size_t member, std::size_t limit) const {
  return sends(member) ? actors_[member]->member->share(time(), limit) : 0;
}

double World::sum(std::size_t limit) const {
  double sum = 0;
  for (std::size_t i = 0; i < actors_.size(); ++i) sum += share(i, limit);
  return sum;
}

double World::all_sent(std::size_t limit) const {
  double sum = 0;
  for (const auto& actor : actors_) sum += actor->sent[limit];
  return sum;
}

// Shares change only with an event or at the end of a lease, and the latter only makes them less; so what they are now is an
// upper bound of what they are until the next event.
void World::use(Ms until) {
  const double elapsed = seconds(until - now());
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    Actor& actor = *actors_[i];
    if (!sends(i) || machines_.stopped(i)) continue;
    bool served = actor.wants <= 0;
    for (std::size_t l = 0; l < limits_.size(); ++l) {
      const double share = actor.member->share(time(), l);
      if (limits_[l].spec.kind == Kind::slots) {
        actor.running[l] = std::min(actor.wants, share);
        actor.member->in_flight(l, actor.running[l]);
        actor.sent[l] += actor.running[l] * elapsed;
        served = served || actor.running[l] >= 1;
        continue;
      }
      double units = std::min(actor.wants, share) * elapsed;
      served = served || share * seconds(kPatience) >= limits_[l].need;
      if (const double permit = actor.member->permit(time(), l); permit > 0) {
        units += permit;
        actor.member->take_permit(l);
        served = true;
      }
      actor.sent[l] += units;
      actor.member->used(l, units);
    }
    if (!served && !machines_.cut_off(i)) continue;
    actor.served = until;
    actor.unserved = 0;
  }
}

void World::check() {
  for (std::size_t l = 0; l < limits_.size(); ++l) {
    if (!limits_[l].spec.stated) continue;
    const double allowed =
        *limits_[l].spec.stated + (now() <= lenient_until_ ? given_twice_[l] : 0);
    const double all = sum(l);
    if (all > allowed * (1 + kTolerance))
      broke("the shares of " + limits_[l].spec.name + " are " + std::to_string(all) + " of " +
            std::to_string(allowed));
  }
  for (std::size_t i = 0; i < actors_.size(); ++i) check_starvation(i);
}

void World::check_starvation(std::size_t member) {
  const Actor& actor = *actors_[member];
  if (!sends(member) || machines_.stopped(member) || actor.wants <= 0) return;
  if (actor.unserved < kAnswersToServe) return;
  double slowest = 0;  // until all have had a turn
  for (const WorldLimit& limit : limits_) {
    const double turn = limit.spec.kind == Kind::slots ? seconds(kTurn) + 4 : limit.need;
    slowest = std::max(slowest,
                       turn * static_cast<double>(actors_.size()) / limit.spec.stated.value_or(1));
  }
  if (now() - std::max(actor.served, disturbed_) > Ms(30'000) + in_ms(3 * slowest))
    broke(actor.id + " has had nothing for " + std::to_string(seconds(now() - actor.served)) +
          " s");
}

void World::broke(const std::string& what) {
  if (broken_.empty()) broken_ = "after " + std::to_string(seconds(now())) + " s: " + what;
}

bool World::play(Ms duration) {
  const Ms end = now() + duration;
  while (broken_.empty() && machines_.advance(end, [this](Ms until) { use(until); })) check();
  check();
  return broken_.empty();
}

}  // namespace sluice::fleet
