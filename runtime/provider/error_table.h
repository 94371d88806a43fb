// What an error means, as data: one row per class of docs/providers.md, Errors, that concerns the OpenAI and
// Anthropic formats, in order; the first row that matches says what to do. Rows about money stand
// before rows about rates, since both come as 429 and only one of them ever passes.
// Plain functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/clock.h"
#include "provider/outcome.h"
#include "provider/service.h"

namespace sluice::provider {

// What a response said of its error. Parts that it did not say are empty.
struct ErrorFacts {
  Service service = Service::other;
  int status = 0;
  std::string_view type;
  std::string_view code;
  std::string_view detail;  // a finer name than `code`, where the service nests one
  std::string_view message;
  std::optional<core::Duration> retry_after;
  std::optional<bool> should_retry;  // header x-should-retry
};

struct ErrorRule {
  int from = 0;  // HTTP status, both ends included
  int to = 0;
  std::optional<Service> service;  // nullopt = any
  std::string_view name;           // equal to type, code or detail; empty = any
  std::string_view words;          // within the message or the detail, in any case; empty = any
  bool only_long_wait = false;     // only when the server names no wait, or kLongWait and more
  Action action = Action::retry;
  Cause cause = Cause::none;
  Billing billing = Billing::none;
};

// From here on a wait is not worth sitting out: the quota is one of days.
constexpr core::Duration kLongWait = std::chrono::minutes(10);

std::span<const ErrorRule> error_rules();

struct Verdict {
  Action action = Action::retry;
  Cause cause = Cause::none;
  Billing billing = Billing::none;
};

// A status that no row knows is a bad reply, to be retried. x-should-retry turns a retry into a
// rejection and back; it never overrides what stops an endpoint.
Verdict classify(const ErrorFacts& facts);

}  // namespace sluice::provider
