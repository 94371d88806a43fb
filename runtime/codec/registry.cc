#include "codec/registry.h"

#include "codec/dialects.h"

namespace sluice::codec {

std::unique_ptr<provider::Codec> make_codec(const provider::EndpointSpec& endpoint) {
  switch (endpoint.dialect) {
    case provider::Dialect::openai_chat:
      return make_openai_codec(endpoint);
    case provider::Dialect::anthropic_messages:
      return make_anthropic_codec(endpoint);
  }
  return nullptr;
}

}  // namespace sluice::codec
