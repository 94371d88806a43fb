#include "dispatch/endpoint.h"

#include <utility>

#include "codec/prices.h"
#include "codec/registry.h"

namespace sluice::dispatch {
namespace {

// The least prefix that the providers' prompt caches keep (docs/providers.md, Prompt caches: 1,024 tokens and up), in
// bytes.
constexpr std::size_t kCachedPrefix = 4 * 1024;

}  // namespace

Endpoint make_endpoint(const provider::EndpointSpec& spec, const provider::PromptFrame& frame) {
  auto codec = codec::make_codec(spec);
  const std::optional<int> output_cap = codec->output_cap();
  return {.form = std::make_shared<AnswerForm>(spec, frame),
          .codec = std::move(codec),
          .price = codec::price_of(spec).value_or(core::Price{}),
          .output_cap = output_cap};
}

bool pays_to_warm_up(const core::Price& price, std::size_t frame_bytes) {
  return price.cached_input < price.input && frame_bytes >= kCachedPrefix;
}

}  // namespace sluice::dispatch
