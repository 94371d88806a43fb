// What is to be planned: the work that is left of a job, and who could do it. Plain values; seconds and
// dollars, since all of it is an estimate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/price.h"
#include "plan/figure.h"
#include "provider/endpoint.h"
#include "schedule/types.h"
#include "simulate/engine.h"

namespace sluice::plan {

struct Work {
  double rows = 0;             // that have not ended
  double rows_a_request = 1;   // mean
  double prompt_bytes = 0;     // of a request, with all that goes with every one
  double prompt_sigma = 0;     // of the logarithm of these
  Figure requests;             // in all, with those that ask rows again
  Figure input_tokens;         // of a request
  Figure output_tokens;        // of a request
  double cached_share = 0;     // of the input tokens, read from a prompt cache
  double failed_share = 0.01;  // of the attempts, that bring no answer and are made again
  schedule::Route route = schedule::Route::cheapest;
  std::optional<double> deadline;     // seconds from now
  std::optional<double> budget_left;  // dollars
};

// How long a batch takes, where that was seen: seconds. Else the model's (simulate/batch_model.h).
struct BatchService {
  std::uint32_t most_lines = 50'000;
  double window = 86'400;
  std::optional<Figure> takes{};
};

// It answers nothing from … to, in seconds from the start.
struct Down {
  double from = 0;
  double to = 0;
};

struct Endpoint {
  std::string name;
  // It is not in the pipeline file, but a tier at which an endpoint there could be bought: "batch".
  std::string instead = {};
  provider::Limits limits = {};
  std::optional<core::Price> price = {};
  std::optional<int> max_output_tokens = {};
  std::optional<double> weight = {};
  Figure latency = {1, 0.7, Origin::prior};  // seconds of a request: the median
  double latency_sigma = 0.4;                // of its logarithm
  // More in flight bring no more answers: found by an earlier run.
  std::optional<double> slots = {};
  std::optional<double> learned_per_minute = {};  // requests; the same
  std::optional<Figure> request_dollars = {};     // measured; else by the price
  std::optional<Figure> input_tokens = {};        // measured there; else Work's
  std::optional<Figure> output_tokens = {};
  std::optional<simulate::Engine> engine = {};  // a server of one's own
  double dollars_per_hour = 0;                  // of it; beside the price of tokens
  std::optional<BatchService> batch = {};       // its requests go into batches
  std::vector<Down> down = {};
};

struct Job {
  Work work;
  std::vector<Endpoint> endpoints;  // those of the pipeline file first, in its order
};

}  // namespace sluice::plan
