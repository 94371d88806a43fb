// The mock's mind: decides what becomes of each request. It opens no socket and reads no clock; so
// the tests hold the time in their hand, and the same requests in the same order always meet the
// same faults.
//
// Threads: one.
//
// Invariants:
//   1. What is drawn for a request depends on the seed and on its number in the order of arrival;
//      what is answered about a row depends on the seed and the row's text alone.
//   2. A request that is answered with status 200 is billed when it arrives, any other never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/clock.h"
#include "http/server.h"
#include "mock/chat.h"
#include "mock/options.h"
#include "mock/outages.h"
#include "mock/stats.h"
#include "provider/row_tags.h"
#include "simulate/openai_limiter.h"
#include "simulate/slots.h"

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
  enum class Fault : std::uint8_t {
    none,
    error_429,
    error_500,
    error_503,
    reset,
    hang,
    cut,
    truncate,
    garble,
    reasoning_only,
    drop_row,
    double_row,
    foreign_id,
    re_id,
    reorder,
    fence,
    trailing_comma
  };
  Fault draw_fault(std::uint64_t draw, const ChatRequest& chat) const;
  // Puts the words of the answer into `reply`, with its tokens.
  void write(ChatReply& reply, const ChatRequest& chat,
             const std::vector<provider::FramedRow>& rows, Fault fault, std::uint64_t draws) const;
  core::Duration draw_latency(std::uint64_t draw, std::uint64_t output_tokens) const;
  // Tokens of the answer beyond its text's, within the request's limit.
  std::uint64_t draw_reasoning(std::uint64_t draw, const ChatRequest& chat,
                               std::uint64_t text_tokens) const;

  Decision control(const http::ServerRequest& request, core::Time now);
  Decision broken(OutageKind kind, core::Time now);
  Decision chat(const http::ServerRequest& request, core::Time now, core::WallTime wall_now);
  Decision refuse(int status, std::string body, core::Time now, bool limit_headers);
  // As proxies and nginx's limit_req say it; zero = no wait is asked for.
  Decision unavailable(int status, core::Duration wait, core::Time now);
  Decision rate_limited(const simulate::Limiter::Verdict& verdict, core::Time now);
  bool key_fits(const http::ServerRequest& request) const;
  void reset_stats();

  Options options_;
  simulate::Limiter limiter_;
  simulate::Limiter hidden_;
  Outages outages_;
  simulate::Slots slots_;
  ChatReader reader_;
  Stats stats_;
  std::uint64_t number_ = 0;  // of chat requests so far
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace sluice::mock
