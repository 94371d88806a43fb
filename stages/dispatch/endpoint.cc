#include "dispatch/endpoint.h"

#include "codec/prices.h"
#include "codec/registry.h"

namespace sluice::dispatch {
namespace {

// The least prefix that the providers' prompt caches keep (docs/providers.md, Prompt caches: 1,024 tokens and up), in
// bytes.
constexpr std::size_t kCachedPrefix = 4 * 1024;

}  // namespace

Endpoint make_endpoint(const provider::EndpointSpec& spec, const provider::PromptFrame& frame) {
  Endpoint endpoint;
  endpoint.codec = codec::make_codec(spec);
  provider::BodyFrame body = endpoint.codec->frame(frame);
  endpoint.prefix = std::make_shared<const std::string>(std::move(body.prefix));
  endpoint.suffix = std::make_shared<const std::string>(std::move(body.suffix));
  endpoint.price = codec::price_of(spec).value_or(core::Price{});
  endpoint.output_cap = endpoint.codec->output_cap();
  return endpoint;
}

bool pays_to_warm_up(const core::Price& price, std::size_t frame_bytes) {
  return price.cached_input < price.input && frame_bytes >= kCachedPrefix;
}

}  // namespace sluice::dispatch
