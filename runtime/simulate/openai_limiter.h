// The mock's own quota: requests and tokens a minute, a token bucket each, as OpenAI admits: full
// at first, refilled steadily, checked when the request arrives. No clock, no I/O.
//
// A request is admitted when one request and its prompt's tokens fit. The answer's tokens are taken
// afterwards and may put the bucket into debt, which later requests wait out.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"

namespace sluice::simulate {

class Limiter {
 public:
  // nullopt = no limit of that kind.
  // `most_requests`: saved up at most; nullopt = a minute's.
  Limiter(std::optional<double> requests_per_minute, std::optional<double> tokens_per_minute,
          std::optional<double> most_requests = std::nullopt);

  struct Verdict {
    bool admitted = true;
    bool never = false;            // larger than a whole minute's quota
    const char* kind = "";         // "requests" or "tokens": what was short
    core::Duration retry_after{};  // until it would have fitted
  };
  Verdict admit(core::Time now, std::uint64_t prompt_tokens);
  // Takes what the answer cost.
  void charge(std::uint64_t completion_tokens);

  // How much of a limit is left.
  struct Level {
    double limit = 0;
    double remaining = 0;    // none where there is debt
    core::Duration reset{};  // until all of it is there again
  };
  struct Levels {
    std::optional<Level> requests;  // nullopt = no such limit
    std::optional<Level> tokens;
  };
  Levels levels(core::Time now);

 private:
  struct Bucket {
    std::optional<double> per_minute;
    double level = 0;
    double most = 0;
    core::Time updated{};

    void refill(core::Time now);
    bool holds(double amount) const { return !per_minute || level >= amount; }
    core::Duration until(double amount) const;
  };
  Bucket requests_;
  Bucket tokens_;
  bool started_ = false;
};

// OpenAI's x-ratelimit-* headers, of the limits that there are.
void append_headers(const Limiter::Levels& levels,
                    std::vector<std::pair<std::string, std::string>>& headers);

// As OpenAI writes durations: "12ms", "7.66s", "6m0s".
std::string go_duration(core::Duration d);

}  // namespace sluice::simulate
