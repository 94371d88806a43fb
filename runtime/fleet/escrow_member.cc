#include "fleet/escrow_member.h"

#include <algorithm>
#include <utility>

#include "fleet/jitter.h"

namespace sluice::fleet {

EscrowMember::EscrowMember(EscrowConfig config)
    : config_(std::move(config)), random_(config_.seed), spent_(config_.spent) {}

std::string EscrowMember::name() const {
  return names_ == 0 ? config_.id : config_.id + "+" + std::to_string(names_);
}

void EscrowMember::wants(Amount worst, Amount in_hand) {
  worst_ = worst;
  wants_ = in_hand;
}

void EscrowMember::set_total(Amount total, std::int64_t stamp) {
  config_.total = total;
  config_.stamp = stamp;
}

Amount EscrowMember::in_hand() const {
  return std::max<Amount>(confirmed_ - spent_ - reserved_, 0);
}

Amount EscrowMember::spendable(core::Time now) const {
  return !left_ && now < lease_end_ ? in_hand() : 0;
}

std::optional<Reserved> EscrowMember::reserve(core::Time now, Amount worst) {
  if (worst > 0 && spendable(now) < worst) return std::nullopt;
  reserved_ += worst;
  return Reserved{worst, names_};
}

void EscrowMember::settle(const Reserved& reserved, Amount cost) {
  if (reserved.name != names_) return;  // the ledger has told of it already
  reserved_ -= reserved.worst;
  spent_ += cost;
}

void EscrowMember::counted(Amount spent, Amount reserved) {
  spent_ = spent;
  reserved_ = reserved;
}

BudgetCall EscrowMember::call(core::Time now) {
  if (outstanding_) failed();
  BudgetCall call{.member = name(), .number = ++number_, .epoch = config_.epoch};
  if (answer_) {
    call.epoch = answer_->epoch;
    call.last = answer_->number;
    call.lease = answer_->lease;
    call.leased = now + kCallTimeout < lease_end_;
    if (!call.leased)
      lease_end_ = std::min(lease_end_, now);  // it may have lapsed when this is read
    // What it can do nothing with goes back.
    const bool too_little = answer_->free < worst_ && pending_ == 0 && in_hand() < worst_;
    const Amount keep = wants_ == 0 || too_little ? 0 : 2 * std::max(wants_, worst_);
    if (in_hand() > keep) {
      confirmed_ -= in_hand() - keep;
      granted_ = confirmed_;
      pending_ = 0;
    } else if (wants_ == 0) {
      granted_ = confirmed_;
      pending_ = 0;
    }
  }
  call.granted = granted_;
  call.confirmed = confirmed_;
  call.spent = spent_;
  call.reserved = reserved_;
  call.worst = worst_;
  call.wants = wants_;
  call.total = config_.total;
  call.stamp = config_.stamp;
  call.period = config_.period;
  call.offset = config_.offset;
  call.ledger = std::exchange(ledger_, std::nullopt);
  before_ = now;
  outstanding_ = true;
  next_call_ = now + jittered(answer_ ? answer_->tick : kTick, random_);
  return call;
}

void EscrowMember::answered(core::Time now, const BudgetAnswer& answer) {
  if (!outstanding_ || answer.number != number_ || left_) return;
  outstanding_ = false;
  if (answer.rejoin) {
    ++names_;
    config_.epoch = answer.epoch;
    granted_ = confirmed_ = spent_ = reserved_ = pending_ = 0;
    lease_end_ = core::Time::min();
    leases_.clear();
    answer_.reset();
    next_call_ = now;
    return;
  }
  // A lease counts once it was seen again, like what is granted: a store that forgot it would settle what is still spent.
  while (!leases_.empty() && leases_.back().call > answer.known) leases_.pop_back();
  for (const Lease& lease : leases_)
    if (before_ >= lease.since + kLossBound) lease_end_ = std::max(lease_end_, lease.end);
  std::erase_if(leases_, [&](const Lease& lease) { return lease.end <= lease_end_; });
  leases_.push_back({answer.number, now, before_ + answer.lease - kMargin});
  // The store has lost it; what is there again, if anything, was given later.
  if (answer.kept < pending_ || answer.raised > pending_call_) pending_ = 0;
  if (pending_ > 0 && before_ >= pending_since_ + kLossBound) {
    confirmed_ = std::max(confirmed_, pending_);
    pending_ = 0;
  }
  confirmed_ = std::min(confirmed_, std::max(answer.kept, spent_ + reserved_));
  granted_ = std::max(answer.granted, confirmed_);
  if (pending_ == 0 && granted_ > confirmed_) {
    pending_ = granted_;
    pending_since_ = now;
    pending_call_ = answer.number;
  }
  answer_ = answer;
}

void EscrowMember::failed() {
  outstanding_ = false;
}

BudgetCall EscrowMember::leave(core::Time now) {
  wants_ = worst_ = 0;
  BudgetCall last = call(now);
  last.leaving = true;
  left_ = true;
  return last;
}

}  // namespace sluice::fleet
