#include "fleet/member.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fleet/jitter.h"

namespace sluice::fleet {
namespace {

constexpr core::Duration kStatedByServer = std::chrono::minutes(1);
constexpr std::uint32_t kFewest = 4;  // members, where their number is old

Ms until(core::Time now, core::Time then) {
  return then <= now ? Ms(0) : std::chrono::ceil<Ms>(then - now);
}

}  // namespace

Member::Member(MemberConfig config) : config_(std::move(config)), random_(config_.seed) {
  for (const LimitSpec& spec : config_.limits) {
    Own own;
    own.claim.name = spec.name;
    own.claim.kind = spec.kind;
    own.claim.guess = spec.guess;
    own.by_file = spec.stated;
    limits_.push_back(std::move(own));
  }
}

void Member::in_flight(std::size_t limit, double slots) {
  Own& own = at(limit);
  own.in_flight = slots;
  own.most_in_flight = std::max(own.most_in_flight, slots);
}

void Member::stated(core::Time now, std::size_t limit, double value) {
  at(limit).by_server = value;
  at(limit).by_server_until = now + kStatedByServer;
}

void Member::pause(core::Time until) {
  asked_pause_ = std::max(asked_pause_, until);
  resume_at_ = std::max(resume_at_, until);
}

void Member::breaker_opened(core::Time until) {
  news_ = BreakerNews::opened;
  asked_open_ = open_until_ = until;
  probing_ = false;
}

void Member::breaker_closed() {
  news_ = BreakerNews::closed;
  open_until_ = core::Time::min();
  probing_ = false;
}

double Member::unpaused_share(core::Time now, const Own& own) const {
  if (left_) return 0;
  if (now < lease_end_) return own.granted;
  if (!config_.safe_share || !answer_) return 0;
  const double safe = own.claim.cap / std::max(answer_->members, kFewest);
  return own.claim.kind == Kind::slots ? std::floor(safe) : safe;
}

double Member::share(core::Time now, std::size_t limit) const {
  if (now < resume_at_ || now < open_until_ || probing_) return 0;
  return unpaused_share(now, limits_[limit]);
}

double Member::permit(core::Time now, std::size_t limit) const {
  if (now < resume_at_ || now < open_until_ || probing_ || left_) return 0;
  return now < permit_end_ && now < lease_end_ ? limits_[limit].permit : 0;
}

Call Member::call(core::Time now) {
  if (outstanding_) failed();
  Call call{.member = config_.id, .number = ++number_, .weight = config_.weight};
  if (!answer_) call.heir_of = config_.heir_of;
  if (answer_) {
    call.epoch = answer_->epoch;
    call.last = answer_->number;
    call.lease = answer_->lease;
    call.leased = now + kCallTimeout < lease_end_;
  }
  call.pause = until(now, asked_pause_);
  call.breaker = news_sent_ = std::exchange(news_, BreakerNews::none);
  call.open_for = until(now, asked_open_);
  const double elapsed = number_ > 1 ? core::in_seconds(now - called_) : 0;
  for (Own& own : limits_) {
    Claim& claim = own.claim;
    claim.has = unpaused_share(now, own);
    if (claim.kind == Kind::slots) {
      claim.has = std::max(claim.has, own.in_flight);
      claim.used = own.most_in_flight;
    } else {
      claim.used = elapsed > 0 ? own.used / elapsed : 0;
    }
    claim.stated = own.by_file;
    if (own.by_server && now < own.by_server_until)
      claim.stated = claim.stated ? std::min(*claim.stated, *own.by_server) : own.by_server;
    call.claims.push_back(claim);
    own.refused_sent = std::exchange(claim.refused, false);
    own.used = 0;
    own.most_in_flight = own.in_flight;
  }
  before_ = called_ = now;
  outstanding_ = true;
  next_call_ = now + jittered(answer_ ? answer_->tick : kTick, random_);
  return call;
}

void Member::answered(core::Time now, const Answer& answer) {
  if (!outstanding_ || answer.number != number_ || left_) return;
  outstanding_ = false;
  lease_end_ = before_ + answer.lease - kMargin;
  permit_end_ = before_ + kPatience;
  for (std::size_t i = 0; i < limits_.size() && i < answer.granted.size(); ++i) {
    limits_[i].granted = answer.granted[i].share;
    limits_[i].permit = answer.granted[i].permit;
    limits_[i].claim.cap = answer.granted[i].cap;
  }
  if (answer.pause > Ms(0)) {
    // One after the other, so that the end of a pause is no burst.
    const auto turn = answer.tick * answer.rank / std::max(answer.members, 1U);
    resume_at_ = std::max(resume_at_, now + answer.pause + turn);
  }
  answer_ = answer;
  if (news_ != BreakerNews::none) return;  // this process knows better by now
  probing_ = answer.breaker == BreakerView::probe;
  open_until_ = answer.breaker == BreakerView::open ? now + answer.open_for : core::Time::min();
}

void Member::failed() {
  outstanding_ = false;
  if (news_ == BreakerNews::none) news_ = news_sent_;
  for (Own& own : limits_) own.claim.refused = own.claim.refused || own.refused_sent;
}

Call Member::leave(core::Time now) {
  Call last = call(now);
  last.leaving = true;
  left_ = true;
  for (Claim& claim : last.claims) claim.has = claim.wants = claim.need = 0;
  return last;
}

}  // namespace sluice::fleet
