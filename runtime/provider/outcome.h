// What became of one attempt to send a request, in terms that the scheduler and the ledger
// understand. Made by the codec (from a response) or by dispatch (from a transport failure). Plain
// values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/money.h"
#include "core/price.h"
#include "provider/cause.h"
#include "provider/endpoint.h"
#include "provider/tier.h"

namespace sluice::provider {

using core::kTiers;

// What to do about it (docs/providers.md, Errors).
enum class Action : std::uint8_t {
  none,     // an answer came: nothing to do
  retry,    // same endpoint later, after the back-off or the server's hint
  move,     // elsewhere now, where there is an elsewhere; cool this endpoint
  dead,     // the request can never succeed: reject its rows
  refused,  // this request, or all requests, at this endpoint: which of the two, others will show
  stop,     // the endpoint is of no more use in this run (bad key, no credit)
  job,      // nothing can succeed: end the run
  split,    // too large: the rows go again in smaller packs
};

// Tokens of one request as billed. `cached_input` is the part of `input` that was read from the
// provider's cache, `cache_write` and `cache_write_1h` are the parts of it that were written there;
// `reasoning` is the part of `output` spent on thinking: all are included in their whole, whatever
// the provider's own convention (docs/providers.md, Usage). The store keeps the first four.
struct Usage {
  std::uint64_t input = 0;
  std::uint64_t cached_input = 0;
  std::uint64_t output = 0;
  std::uint64_t reasoning = 0;
  std::uint64_t cache_write = 0;  // for five minutes, or as long as the provider says
  std::uint64_t cache_write_1h = 0;
  Usage& operator+=(const Usage& o) {
    input += o.input;
    cached_input += o.cached_input;
    output += o.output;
    reasoning += o.reasoning;
    cache_write += o.cache_write;
    cache_write_1h += o.cache_write_1h;
    return *this;
  }
  friend bool operator==(const Usage&, const Usage&) = default;
};

// At list prices, of a request that was served at `tier`.
core::Money cost_of(const Usage& usage, const core::Price& price, Tier tier = Tier::asked);

// What the replies of an endpoint have shown that its bills may hold, beside what is asked for.
struct Billed {
  std::array<bool, kTiers> tiers = {};
  core::CacheWrites writes = core::CacheWrites::none;

  void learn(const Usage& usage, Tier tier);
};

// The most that a request can cost which has no more tokens than `most`: at the dearest of the tiers
// that can serve it (the one asked for, the standard one, those in `billed`), above the price's step
// where it can be, and with every input token at the dearest that it can be (cached, written, or
// neither).
core::Money most_cost_of(const Usage& most, const core::Price& price, const Billed& billed = {});

// What the server said about one quota; every part may be missing.
struct QuotaHint {
  std::optional<double> limit;
  std::optional<double> remaining;
  std::optional<core::Duration> reset_after;  // until the bucket is full again
};

struct RateHints {
  std::array<QuotaHint, kQuotas> quota;       // indexed by Quota
  std::optional<core::Duration> retry_after;  // do not send before this
};

// Whether the provider may have charged for an attempt that gave no usage figures.
enum class Billing : std::uint8_t {
  known,     // usage (and so cost) is known, zero included
  possible,  // sent, and no answer read: the provider may have run and billed it
  none,      // never reached the server, or refused before it ran
};

// Whether the failure shows that this API is there, which decides how long its endpoint is tried
// (schedule/health.h).
enum class Contact : std::uint8_t {
  api,          // nothing speaks against it
  unreachable,  // nothing was sent: no address, no connection, no handshake
  unusable,     // what came is not an answer of this API: a web page, nothing, not HTTP, other JSON
};

struct Outcome {
  Action action = Action::none;
  Cause cause = Cause::none;
  Contact contact = Contact::api;
  std::string message;  // for people; holds no secret
  int status = 0;       // HTTP status; 0 = no response
  Billing billing = Billing::none;
  Usage usage;
  Tier tier = Tier::asked;             // that the reply names as the one that served it
  std::optional<core::Money> charged;  // what a gateway says it charged; wins over the price table
  RateHints hints;

  // For people: the message, or else the cause's name.
  std::string_view text() const { return message.empty() ? cause_name(cause) : message; }
};

}  // namespace sluice::provider
