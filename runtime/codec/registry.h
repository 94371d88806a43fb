// The list of wire formats. Plain functions, any thread.
#pragma once

#include <memory>

#include "provider/codec.h"

namespace sluice::codec {

std::unique_ptr<provider::Codec> make_codec(const provider::EndpointSpec& endpoint);

}  // namespace sluice::codec
