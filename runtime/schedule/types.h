// What goes into the scheduler and what comes out of it. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/money.h"
#include "core/price.h"
#include "core/reject.h"
#include "provider/endpoint.h"
#include "provider/outcome.h"
#include "schedule/allotment.h"
#include "schedule/health.h"

namespace sluice::schedule {

using RequestId = std::uint64_t;   // one pack of rows; unique in a run
using AttemptId = std::uint64_t;   // one sending of a request; unique in a job, across runs
using EndpointId = std::uint32_t;  // index into Config::endpoints

enum class Route : std::uint8_t {
  cheapest,  // the cheapest endpoint that can take the request now
  in_order,  // the first, in the order of the pipeline file
  spread,    // in turn, in proportion to the weights, or else to what each has free
  deadline,  // the cheapest that together still meet the deadline (purchase.h)
};

// Units of an endpoint's daily quotas that are used up. A day's quota comes back evenly, so what is
// used grows less with time.
struct DayUsed {
  double requests = 0;
  double tokens = 0;
  core::Time at{};  // when that is so
};

struct EndpointConfig {
  std::string name;
  provider::Limits limits;
  core::Price price;
  std::optional<int> max_output_tokens;  // the cap that is sent; bounds the worst case
  // > 0; Route::spread goes by weights as soon as one endpoint has one (1 where it has none).
  std::optional<double> weight{};
  bool warm_up = false;  // one request alone until the first has landed: it fills a prompt cache
  bool capped = true;    // the pipeline file names max_output_tokens; for messages
  bool answered_before = false;  // in an earlier run of the job
  DayUsed day_used{};            // by earlier runs, as of now
  bool batch = false;            // requests are parked there (parking.h), and none is sent
  std::uint64_t parked = 0;      // requests in its open batches, from earlier runs
};

struct RetryPolicy {
  // Attempts of one request, the first included. Those that were refused for the rate (429, or in a
  // rejection burst), or never arrived, do not count: retry.h bounds the patience with these.
  int attempts = 8;
  core::Duration base =
      std::chrono::milliseconds(500);  // full jitter: uniform in [0, min(cap, base·2^n)]
  core::Duration cap = std::chrono::seconds(30);
};

struct Config {
  std::vector<EndpointConfig> endpoints{};
  Route route = Route::cheapest;
  RetryPolicy retry{};
  std::optional<core::Money> budget{};
  core::Money spent{};        // by earlier runs of the job
  core::Money parked_cost{};  // the worst cost of its open batches: beside `spent`
  core::Duration batch_usual = std::chrono::minutes(20);  // what a batch takes
  std::optional<core::Time> deadline{};                   // nothing is sent after it
  bool hedge = false;  // ask the slow tail a second time, see hedge.h
  AttemptId first_attempt = 1;
  std::uint64_t seed = 1;
};

// What is known of the work that has not been submitted yet.
struct Outlook {
  std::optional<double> requests_left{};  // nullopt = not known
};

// What a request will take, as far as it is known before it is sent.
struct Demand {
  RequestId id = 0;
  std::uint32_t prompt_bytes = 0;  // system, schema and user text together
  std::uint32_t rows = 1;
  std::uint32_t batches = 0;  // that one of its rows stood in, in vain
};

struct Send {
  RequestId request = 0;
  AttemptId attempt = 0;
  EndpointId endpoint = 0;
  core::Money worst_cost;            // reserved until answered
  provider::Usage worst_usage = {};  // its tokens at most
  // For those who send it to fill in: when, and which of the request's attempts it is, from 1.
  core::Time sent{};
  std::uint32_t number = 0;
};
// Goes into a batch of this endpoint. Its money stays reserved until collected().
struct Park {
  RequestId request = 0;
  EndpointId endpoint = 0;
  core::Money worst_cost;
  provider::Usage worst_usage = {};
};
struct RejectRequest {
  RequestId request = 0;
  core::Reject reject;  // stage dispatch, with the history of its attempts
};
struct SplitRequest {  // its rows are to be submitted again in smaller packs
  RequestId request = 0;
  provider::Cause cause = provider::Cause::none;
};
struct ReleaseRequest {  // no answer and no reject in this run: its rows stay pending
  RequestId request = 0;
  std::string why;  // for people, where the rest of the run goes on; empty after drain() or a halt
};
// Another attempt of the same request was answered first: end this one. It stays in flight until
// answered() tells its outcome, "cancelled" or, if that came in between, its answer.
struct Cancel {
  RequestId request = 0;
  AttemptId attempt = 0;
  EndpointId endpoint = 0;
};
enum class HaltCause : std::uint8_t { budget, deadline, endpoints, job };
struct Halt {  // once: the run is to drain and end
  HaltCause cause = HaltCause::job;
  std::string message;
};
using Action = std::variant<Send, Park, Cancel, RejectRequest, SplitRequest, ReleaseRequest, Halt>;

enum class BreakerState : std::uint8_t { closed, open, half_open };

struct EndpointState {
  int in_flight = 0;
  int cap = 0;                               // concurrency allowed now
  std::optional<double> quota_used;          // share of the most used quota, 0…1
  std::optional<provider::Quota> most_used;  // which that is
  std::optional<core::Duration> median;      // of its latest answers; from 30 of them on
  std::optional<core::Duration> tail;        // 95 % of them took no longer
  std::optional<core::Duration> mean;        // from the first answer on
  std::optional<double> learned_per_minute;  // requests, where refusals have taught a limit
  std::uint64_t rate_limited = 0;            // refused so far: 429, 503, 529
  std::uint64_t odd_limits = 0;              // limits that it stated and that cannot be, so far
  std::uint64_t failed = 0;                  // failures that the breaker counts, so far
  std::uint64_t hedged = 0;                  // second attempts so far, Config::hedge
  BreakerState breaker = BreakerState::closed;
  bool stopped = false;
  bool batch = false;        // EndpointConfig::batch
  std::uint64_t parked = 0;  // requests in its open batches
  std::string stop_reason;
  std::optional<Problem> problem;  // while nothing but failures comes
  std::string failure;             // the latest since its last answer, for people; may be empty
  std::optional<core::Time> cooling_until;
};
// The budget holds fewer requests in flight than could be, since nothing says how much an answer
// may cost.
struct Throttle {
  std::size_t in_flight = 0;
  int could_be = 0;
  core::Money worst_cost;           // of one request
  std::uint64_t output_tokens = 0;  // that it counts
};
// How Route::deadline buys.
struct Buying {
  Urgency urgency = Urgency::none;  // as last decided
  std::uint64_t dearer = 0;   // attempts so far at another price than the lowest of all endpoints
  std::uint64_t pressed = 0;  // of these, those for which the deadline was the reason
};
struct Snapshot {
  std::size_t waiting = 0;  // submitted, not in flight
  std::size_t in_flight = 0;
  core::Money reserved;          // worst case of what is in flight, and of what is parked
  core::Money parked_cost = {};  // of that, what is parked
  double online_per_second = 0;  // requests that the online endpoints deliver, as far as is known
  bool paused = false;
  // For people: how much cannot be asked in time, however the endpoints turn out. Empty while all can.
  std::string beyond_deadline = {};
  // Earlier runs included, and the worst case of attempts that may have been billed without an
  // answer: the budget is hard.
  core::Money spent;
  std::optional<Buying> buying{};    // of Route::deadline
  std::optional<Throttle> throttle;  // as it was when it was first so
  std::vector<EndpointState> endpoints;
};

// What the scheduler makes of an outcome.
enum class Taken : std::uint8_t {
  wanted,    // it decides what becomes of the request
  unwanted,  // the request has ended by its other attempt: to be paid for, its answer dropped
  unknown,   // no such attempt is in flight: nothing was changed, nothing is to be paid for
};

}  // namespace sluice::schedule
