#include "stages/worst_case.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/prices.h"
#include "codec/registry.h"
#include "schedule/estimate.h"

namespace sluice::stages {
namespace {

constexpr std::size_t kEmptyContent = 2;  // ""

}  // namespace

WorstCase least_worst_case(const PipelineSpec& spec, const Question& question) {
  WorstCase least{.cost = core::Money::max(), .endpoint = {}};
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
    const auto codec = codec::make_codec(endpoint);
    const provider::BodyFrame frame = codec->frame(question.frame);
    const std::size_t bytes = frame.prefix.size() + frame.suffix.size() + kEmptyContent;
    const schedule::Demand demand{.prompt_bytes = static_cast<std::uint32_t>(bytes)};
    const schedule::Estimator estimator(codec->output_cap());
    const core::Money cost =
        estimator.worst_cost(demand, codec::price_of(endpoint).value_or(core::Price{}));
    if (cost >= least.cost) continue;
    least = {.cost = cost,
             .endpoint = endpoint.name,
             .output_tokens = estimator.worst_usage(demand).output,
             .capped = endpoint.max_output_tokens.has_value()};
  }
  return least;
}

std::string explain(const WorstCase& worst) {
  // 12,345: `observe`, which writes figures for people, stands above this library.
  std::string tokens = std::to_string(worst.output_tokens);
  for (std::size_t i = tokens.size(); i > 3;) tokens.insert(i -= 3, ",");
  return fmt::format("a request can cost up to {} at {} ({} output tokens, {})", worst.cost.text(),
                     worst.endpoint, tokens,
                     worst.capped ? "its max_output_tokens" : "since it has no max_output_tokens");
}

}  // namespace sluice::stages
