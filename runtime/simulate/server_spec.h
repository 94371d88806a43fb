// How one endpoint behaves in the simulator, and what is asked of it. It need not be what the
// scheduler was told about it. Plain values; all moments are since the simulation's start.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "provider/endpoint.h"
#include "simulate/batch_model.h"

namespace sluice::simulate {

// How the endpoint enforces its limits. A request larger than all that a limiter ever has to give
// passes when nothing is taken.
enum class LimiterKind : std::uint8_t {
  token_bucket,    // refilled continuously, `burst` units saved up
  leaky_bucket,    // nginx's `limit_req burst=… nodelay`, in whole milliseconds as there
  fixed_window,    // counted from one multiple of the window to the next
  sliding_window,  // counted over the window that ends now
};
struct LimiterSpec {
  LimiterKind kind = LimiterKind::token_bucket;
  std::optional<double> burst{};  // of the buckets; none = what one window permits
  // Of the windows; none = the quota's own, a minute or a day. In a shorter one the limit is cut
  // down in proportion.
  std::optional<core::Duration> window{};
  bool counts_refused = false;  // a request that was refused takes from the requests too
  // Of leaky_bucket: a request above the rate is answered when its turn comes (`limit_req` without
  // `nodelay`), not at once.
  bool delays = false;
};

enum class OutageKind : std::uint8_t {
  error,        // answers 500
  hang,         // never answers
  refuse,       // takes no connection
  unavailable,  // answers 503
};
// Befalls what arrives in [from, to).
struct Outage {
  core::Duration from{};
  core::Duration to{};
  OutageKind kind = OutageKind::error;
};

// A cold server is `factor` times slower. That wears off evenly, within a time or a number of
// requests, whichever is done first (zero = not by that), after the start and after each outage.
struct SlowStart {
  double factor = 1;
  core::Duration lasts{};
  std::uint64_t requests = 0;
};

// From that moment on so many requests are served at once and the rest queue, first come first
// served: more in flight brings latency, not throughput.
struct Capacity {
  core::Duration from{};
  int count = 0;
};

// What is wrong with the limits that it tells.
enum class ReportedWindow : std::uint8_t {
  right,
  second,  // a second's worth, told as the minute's
  day,     // the minute's figures, told as the day's
};
struct HeaderErrors {
  double limit = 1;  // told = true × this
  double remaining = 1;
  core::Duration stale{};  // `remaining` is up to so old
  ReportedWindow window = ReportedWindow::right;
  bool unknown = false;  // limit and remaining -1, reset 0: as Azure says "unknown"
};

struct ServerSpec {
  provider::Limits limits;  // enforced as `limiter` says
  LimiterSpec limiter{};
  core::Duration latency = std::chrono::seconds(1);  // median of a log-normal distribution …
  double latency_spread = 0.3;                       // … and its sigma
  SlowStart cold{};
  std::vector<Capacity> slots{};  // ascending; none = all are served at once
  double bytes_per_token = 4;
  double output_tokens_per_row = 100;
  double token_spread = 0;  // uniform: 0.2 = each request's tokens within ±20 % of the above
  // What a refusal looks like, a limiter's or one at random: 429, or 503 as nginx says by default.
  int refusal_status = 429;
  core::Duration refusal_takes = std::chrono::milliseconds(50);
  // Share refused whatever is sent: a shared capacity, not a limit.
  double refused_rate = 0;
  std::optional<core::Duration> refused_hint{};  // the retry-after of these
  bool refused_is_capacity = false;  // these say that the tier lacks capacity: "move", not "wait"
  // More at once are refused.
  std::optional<int> most_at_once{};
  double error_rate = 0;  // share answered 500
  double lost_rate = 0;   // share never answered: the client gives up after `timeout`
  std::vector<Outage> outages{};
  core::Duration timeout = std::chrono::seconds(60);
  bool reports_limits = false;  // limit and remaining in every answer
  HeaderErrors lies{};
  bool reports_retry_after = true;    // with every 429
  double retry_after_factor = 1;      // told = true × this: below 1 it is too short
  std::optional<BatchModel> batch{};  // of an endpoint with EndpointConfig::batch
};

struct Workload {
  std::uint64_t requests = 0;
  std::uint32_t prompt_bytes = 2000;  // median of a log-normal distribution …
  double prompt_sigma = 0;            // … and its sigma, within …
  std::uint32_t least_prompt = 100;
  std::uint32_t most_prompt = 50'000;
  double output_sigma = 0;  // of the factor by which a request's output is longer than usual
  std::uint32_t rows = 1;
  std::uint64_t open = 2000;           // submitted and not ended, at most: the flow's credits
  std::optional<double> per_second{};  // the input brings so many; none = all are there at once
  std::optional<core::Duration> drain_after{};
  // The scheduler is told how much is still to come, times this; none = it is not told.
  std::optional<double> outlook = 1.0;
  // From … to: the process sleeps. Nothing is sent, polled, cancelled or heard; the servers work on.
  struct Asleep {
    core::Duration from{};
    core::Duration to{};
  };
  std::optional<Asleep> asleep{};
};

}  // namespace sluice::simulate
