#include "schedule/health.h"

#include <fmt/format.h>

namespace sluice::schedule {

using provider::Contact;

void Health::answered() {
  answered_ = heard_ = reached_ = true;
  problem_ = {};
  unusable_ = 0;
  stopped_ = false;
  silent_since_.reset();
}

void Health::note(core::Time now, const provider::Outcome& outcome) {
  if (problem_.failures == 0) problem_.since = now;
  ++problem_.failures;
  problem_.status = outcome.status;
  problem_.cause = outcome.cause;
  problem_.message = outcome.message;
  problem_.answered = answered_;
}

void Health::stopped(core::Time now, const provider::Outcome& outcome) {
  note(now, outcome);
  stopped_ = true;
}

std::optional<std::string> Health::failed(core::Time now, const provider::Outcome& outcome) {
  note(now, outcome);
  if (outcome.contact != Contact::unreachable) reached_ = true;
  if (outcome.contact == Contact::api) {
    heard_ = true;
    silent_since_.reset();
  } else if (!silent_since_) {
    silent_since_ = now;
  }
  if (outcome.contact == Contact::unusable) ++unusable_;

  const std::string_view what = outcome.text();
  if (outcome.contact == Contact::unreachable && now - *silent_since_ >= timeout())
    return fmt::format("cannot be reached: {}", what);
  if (outcome.contact == Contact::unusable &&
      (now - *silent_since_ >= timeout() || (!answered_ && unusable_ >= kUnusableReplies)))
    return fmt::format("does not answer as the API does (is base_url right?): {}", what);
  if (!answered_ && now - problem_.since >= kNeverAnswered) {
    return fmt::format(
        "has answered none of {} attempts in {} minutes; the last: {}", problem_.failures,
        std::chrono::floor<std::chrono::minutes>(now - problem_.since).count(), what);
  }
  return std::nullopt;
}

core::Duration Health::timeout() const {
  if (heard_) return kLostFor;
  return reached_ ? core::Duration(kNotTheApi) : core::Duration(kNeverReached);
}

const Problem* Health::problem(core::Time now) const {
  if (problem_.failures == 0) return nullptr;
  const bool slow = now - problem_.since >= kSpokenOfAfter;
  const bool speak = answered_ ? slow && problem_.failures >= kSpokenOfLater
                               : slow || problem_.failures >= kSpokenOf;
  return speak || stopped_ ? &problem_ : nullptr;
}

}  // namespace sluice::schedule
