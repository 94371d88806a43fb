// What a request can cost at most, before anything is read or sent.
//
// Threads: any; a plain function.
#pragma once

#include <optional>
#include <string>

#include "core/money.h"
#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::stages {

// A budget below this lets no request go.
struct WorstCase {
  core::Money cost;
  std::string endpoint;             // where it is least
  std::uint64_t output_tokens = 0;  // that it counts
  bool capped = false;              // the endpoint has max_output_tokens
};

// Of the smallest request, which has no more than what all have, at the endpoint where that costs
// least. As the scheduler reserves it.
WorstCase least_worst_case(const PipelineSpec& spec, const Question& question);

// "a request can cost up to $1.03 at openai/gpt-5.4 (128,000 output tokens, since it has no
// max_output_tokens)"
std::string explain(const WorstCase& worst);

}  // namespace sluice::stages
