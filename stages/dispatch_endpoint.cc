#include "stages/dispatch_endpoint.h"

#include "codec/prices.h"
#include "codec/registry.h"
#include "http/proxy_environment.h"
#include "stages/flow_limits.h"

namespace sluice::stages {
namespace {

// The least prefix that the providers' prompt caches keep (docs/providers.md, Prompt caches: 1,024 tokens and up), in
// bytes.
constexpr std::size_t kCachedPrefix = 4 * 1024;

core::Result<http::OriginOptions> origin_of(const provider::EndpointSpec& spec) {
  auto proxy = http::proxy_for(spec.base_url, spec.proxy.reveal(), http::process_environment);
  if (!proxy) return std::unexpected(proxy.error());
  http::OriginOptions origin;
  origin.base_url = spec.base_url;
  origin.ca_file = spec.ca_file;
  origin.idle_timeout = spec.timeout;  // a reply that is not streamed is silent until it is whole
  origin.total_timeout = spec.timeout;
  origin.connect_timeout = spec.connect_timeout;
  origin.first_byte_timeout = spec.first_byte_timeout;
  origin.proxy = std::move(*proxy);
  origin.max_connections = slots_of(spec);
  return origin;
}

}  // namespace

core::Result<DispatchEndpoint> make_endpoint(const provider::EndpointSpec& spec,
                                             const provider::PromptFrame& frame,
                                             http::Client& client) {
  const auto origin = origin_of(spec);
  if (!origin) return std::unexpected(origin.error());
  const auto added = client.add_origin(*origin);
  if (!added) return std::unexpected(added.error());

  DispatchEndpoint endpoint;
  endpoint.origin = *added;
  endpoint.codec = codec::make_codec(spec);
  endpoint.path = endpoint.codec->path();
  auto headers = std::make_shared<std::string>();
  for (const auto& [name, value] : endpoint.codec->headers())
    *headers += name + ": " + value + "\r\n";
  endpoint.headers = std::move(headers);
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

}  // namespace sluice::stages
