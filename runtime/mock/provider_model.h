// The mock's mind: decides what becomes of each request. It opens no socket and reads no clock; so
// the tests hold the time in their hand, and the same requests in the same order always meet the
// same faults. It knows no wire format: those are in mock/wire.
//
// Threads: one.
//
// Invariants:
//   1. What is drawn for a request depends on the seed and on its number in the order of arrival;
//      what is answered about a row depends on the seed and the row's text alone.
//   2. A request that is answered with status 200 is billed when it arrives, any other never.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/clock.h"
#include "http/server.h"
#include "mock/access.h"
#include "mock/batches.h"
#include "mock/books.h"
#include "mock/decision.h"
#include "mock/fault.h"
#include "mock/objects.h"
#include "mock/options.h"
#include "mock/outages.h"
#include "mock/plans.h"
#include "mock/stats.h"
#include "simulate/openai_limiter.h"
#include "simulate/slots.h"
#include "wire/wires.h"

namespace sluice::mock {

class ProviderModel {
 public:
  // `started`: what the outages' times count from.
  explicit ProviderModel(Options options, core::Time started = {});
  ProviderModel(const ProviderModel&) = delete;

  Decision handle(const http::ServerRequest& request, core::Time now, core::WallTime wall_now);
  // The response of a decision that was counted has been sent.
  void finished() { --books_.stats().in_flight; }
  const Stats& stats() const { return books_.stats(); }
  const Outages& outages() const { return outages_; }

 private:
  Decision control(const http::ServerRequest& request, Moment at);
  Decision object_call(const http::ServerRequest& request, Moment at);
  Decision batch_call(const wire::BatchCall& call, const http::ServerRequest& request, Moment at);
  Decision call(const http::ServerRequest& request, Moment at);
  Decision models(const wire::Reader::Found& found, const http::ServerRequest& request, Moment at);
  Decision answer(const wire::Wire& wire, const wire::Asked& asked, const AnswerPlan* plan,
                  Fault fault, std::uint64_t draws, Moment at);
  // What befalls a request before it is answered; nullopt = nothing does.
  std::optional<Decision> turned_away(const wire::Service& service, const wire::Asked& asked,
                                      Fault fault, std::uint64_t draws, Moment at);
  Decision broken(const wire::Service& service, OutageKind kind, Moment at);
  Decision refuse(const wire::Service& service, wire::Refusal refusal, Moment at,
                  bool limit_headers);
  // As proxies and nginx's limit_req say it; zero = no wait is asked for.
  Decision unavailable(int status, core::Duration wait);
  void append_limits(const wire::Service& service, Moment at, http::ServerResponse& response);

  // The options of the tier that is asked for; null = there are none.
  const Tier* tier_of(const wire::Service& service, std::string_view asked) const;
  core::Duration draw_latency(const Tier* tier, std::uint64_t draws,
                              std::uint64_t output_tokens) const;

  Options options_;
  simulate::Limiter limiter_;
  simulate::Limiter hidden_;
  Outages outages_;
  simulate::Slots slots_;
  Access access_;
  wire::Reader reader_;
  Plans plans_;
  Books books_;
  BatchFiles files_;
  Batches batches_;
  Objects objects_;
  std::uint64_t number_ = 0;  // of calls so far
};

}  // namespace sluice::mock
