// The codecs, for registry.cc alone; others call make_codec().
#pragma once

#include <memory>

#include "provider/codec.h"

namespace sluice::codec {

std::unique_ptr<provider::Codec> make_openai_codec(const provider::EndpointSpec& endpoint);
std::unique_ptr<provider::Codec> make_anthropic_codec(const provider::EndpointSpec& endpoint);

}  // namespace sluice::codec
