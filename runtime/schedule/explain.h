// The scheduler's words for people. Plain functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schedule/budget.h"
#include "schedule/endpoint.h"
#include "schedule/request.h"

namespace sluice::schedule {

// Why no endpoint is left that could ever take it, with each one's figures.
std::string explain_too_large(const Demand& demand, std::span<const Endpoint> endpoints);
std::string explain_exhausted(const Request& request, std::span<const Endpoint> endpoints);
// "attempt 17 at openai/gpt: 503 server_error: overloaded (3 times)", one line a kind of failure.
std::vector<std::string> explain_history(const Request& request,
                                         std::span<const Endpoint> endpoints);
// What the cheapest endpoint that would take it may cost; nullopt: none would.
std::optional<core::Money> least_worst(const Demand& next, std::span<const Endpoint> endpoints);
std::string explain_budget(const Demand& next, std::span<const Endpoint> endpoints,
                           const Budget& budget);
std::string explain_stopped(std::span<const Endpoint> endpoints);
// Why an endpoint that refused so many requests in a row is stopped.
std::string explain_refused(const Endpoint& endpoint, int times);
// Why a request is left pending: which stopped endpoints would take it.
std::string explain_left(const Demand& demand, std::span<const Endpoint> endpoints);
// `parked`: requests in batches that have not ended.
std::string explain_deadline(std::size_t open, std::size_t in_flight, std::uint64_t parked);
struct Late {
  std::uint64_t waiting = 0;  // requests
  std::uint64_t parked = 0;   // in batches that have not ended
  double per_second = 0;      // that the online endpoints take at most
  double seconds = 0;         // to the deadline
};
// "" where all could be asked in time.
std::string explain_beyond_deadline(const Late& late);

}  // namespace sluice::schedule
