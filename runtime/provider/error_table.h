// What an error means, as data: the rules that all services have in common, by kind, in order. A
// service's own rules (profile.h) stand before them, kind by kind; the first that matches says what
// to do.
// Plain functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/clock.h"
#include "provider/profile.h"

namespace sluice::provider {

// What a response said of its error. Parts that it did not say are empty.
struct ErrorFacts {
  int status = 0;
  std::string_view type;
  std::string_view code;
  std::string_view detail;  // a finer name than `code`, where the service nests one
  std::string_view message;
  std::optional<core::Duration> retry_after;
  std::optional<bool> should_retry;  // header x-should-retry
};

// From here on a wait is not worth sitting out: the quota is one of days.
constexpr core::Duration kLongWait = std::chrono::minutes(10);

std::span<const ErrorRule> common_error_rules();

struct Verdict {
  Action action = Action::retry;
  Cause cause = Cause::none;
  Billing billing = Billing::none;
  core::Duration pause{};  // ErrorRule::pause
};

// `own`: those of the service. A status that no rule knows is a bad reply, to be retried. x-should-retry turns a retry into a
// rejection and back; it never overrides what stops an endpoint.
Verdict classify(const ErrorFacts& facts, std::span<const ErrorRule> own);

}  // namespace sluice::provider
