// The ways to run what is left of a job: each with what it costs, when it ends, what binds it, and whether it
// keeps the deadline and the budget. The cheapest that does is chosen.
//
// Closed forms only, so that a plan of 10^9 rows takes no time; `simulate` (model.h) is the same job on virtual time.
//
//   time of online requests   N / R, and until the last answers are in: the slowest of those in flight
//                             R: of each endpoint the least of its bounds (bound.h), together
//   cost                      N · what a request costs there, in the shares in which the endpoints do them:
//                             at full speed as they are fast, with Route::deadline as schedule/allotment.h buys
//   batches                   the slowest of all batches, which are done side by side
//
// Threads: pure functions; any.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "plan/bound.h"
#include "plan/work.h"

namespace sluice::plan {

struct Share {
  std::size_t endpoint = 0;  // of Job::endpoints
  double requests = 0;
  double per_second = 0;            // while it works; 0: in batches
  double in_flight = 0;             // that this takes
  std::optional<Bound> bound = {};  // that keeps it from being faster; none: in batches
  // What the next bound would allow, were the first out of the way.
  std::optional<Bound> next = {};
};

struct Way {
  std::string name;
  std::string instead = {};  // as Endpoint's: what to write to have it
  bool as_written = false;   // what the pipeline file says
  std::vector<Share> shares = {};
  bool priced = true;  // else `dollars` is without those endpoints that have no price
  Figure dollars = {};
  Figure seconds = {};
  Figure input_tokens = {};
  Figure output_tokens = {};
  // The share that ends last, or does most of the work: what to change first. Index into `shares`.
  std::size_t bottleneck = 0;
  double day_seconds = 0;  // of `seconds`, that a day's quotas are waited for
  bool in_time = true;     // the expected end is before the deadline
  bool in_budget = true;
};

struct Plan {
  std::vector<Way> ways;              // the pipeline file's first, then by cost
  std::optional<std::size_t> chosen;  // none: no way keeps both deadline and budget
};

Plan make_plan(const Job& job);

// Of one request, at this endpoint; nullopt: it has no price.
std::optional<Figure> request_dollars(const Work& work, const Endpoint& endpoint);

// Until the slowest of so many batches of `lines` is done: of one after another, or of many side by side,
// since a service is fast or slow for all of them at once.
Figure batch_seconds(const BatchService& service, double lines, std::size_t batches);

// How much longer than the median the longest of n log-normal times is, expected.
double slowest_of(double n, double sigma);

}  // namespace sluice::plan
