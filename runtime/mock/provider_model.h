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
#include <unordered_set>
#include <vector>

#include "core/clock.h"
#include "http/server.h"
#include "mock/access.h"
#include "mock/fault.h"
#include "mock/options.h"
#include "mock/outages.h"
#include "mock/plans.h"
#include "mock/stats.h"
#include "provider/row_tags.h"
#include "simulate/openai_limiter.h"
#include "simulate/slots.h"
#include "wire/wires.h"

namespace sluice::mock {

struct Decision {
  enum class Kind : std::uint8_t { respond, respond_half, reset, hang };
  Kind kind = Kind::respond;
  core::Duration delay{};  // before the response, whole or half
  http::ServerResponse response;
  bool counted = false;  // stands in Stats::in_flight until finished()
};

class ProviderModel {
 public:
  // `started`: what the outages' times count from.
  explicit ProviderModel(Options options, core::Time started = {});

  Decision handle(const http::ServerRequest& request, core::Time now, core::WallTime wall_now);
  // The response of a decision that was counted has been sent.
  void finished() { --stats_.in_flight; }
  const Stats& stats() const { return stats_; }
  const Outages& outages() const { return outages_; }

 private:
  // One moment, on both clocks.
  struct Moment {
    core::Time now;
    core::WallTime wall;
  };

  Decision control(const http::ServerRequest& request, Moment at);
  Decision call(const http::ServerRequest& request, Moment at);
  Decision models(const wire::Reader::Found& found, const http::ServerRequest& request, Moment at);
  Decision answer(const wire::Wire& wire, const wire::Asked& asked, const AnswerPlan* plan,
                  Fault fault, std::uint64_t draws, Moment at);
  void write_words(wire::Answer& answer, const wire::Asked& asked, const AnswerPlan* plan,
                   const std::vector<provider::FramedRow>& rows, Fault fault,
                   std::uint64_t draws) const;
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
  void bill(const wire::Answer& answer);
  void reset_stats();

  Options options_;
  simulate::Limiter limiter_;
  simulate::Limiter hidden_;
  Outages outages_;
  simulate::Slots slots_;
  Access access_;
  wire::Reader reader_;
  Plans plans_;
  Stats stats_;
  std::uint64_t number_ = 0;  // of calls so far
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace sluice::mock
