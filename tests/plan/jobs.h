// Jobs to plan, in the tests of this folder.
#pragma once

#include "plan/ways.h"

namespace sluice::plan {

inline core::Price price_of_million(double input, double output) {
  core::Price price;
  price.input = *core::Money::from_dollars(input / 1e6);
  price.cached_input = price.input;
  price.output = *core::Money::from_dollars(output / 1e6);
  return price;
}

// Requests of one row each, whose tokens are known.
inline Work work_of(double requests, double input_tokens, double output_tokens) {
  Work work;
  work.rows = requests;
  work.requests = {requests, 0, Origin::declared};
  work.input_tokens = {input_tokens, 0, Origin::declared};
  work.output_tokens = {output_tokens, 0, Origin::declared};
  work.failed_share = 0;
  return work;
}

// All requests take so long.
inline Endpoint endpoint_of(std::string name, double seconds, int concurrency = 100'000) {
  Endpoint endpoint{.name = std::move(name)};
  endpoint.latency = {seconds, 0, Origin::declared};
  endpoint.latency_sigma = 0;
  endpoint.limits.max_concurrency = concurrency;
  return endpoint;
}

}  // namespace sluice::plan
