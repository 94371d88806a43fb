// The wire formats, a file each. For runtime/codec alone; others ask codec/registry.h.
#pragma once

#include <memory>
#include <span>

#include "provider/codec.h"
#include "provider/profile.h"

namespace sluice::codec {

provider::Dialect openai();     // openai.cc
provider::Dialect anthropic();  // anthropic.cc
provider::Dialect gemini();     // gemini.cc
provider::Dialect bedrock();    // bedrock.cc

// openai_responses.cc: the second format of OpenAI's dialect, for its make() alone.
std::unique_ptr<provider::Codec> make_responses(const provider::EndpointSpec& endpoint,
                                                const provider::Profile& profile);

// openai_compatible.cc
std::span<const provider::Profile> openai_services();
const provider::Profile* openai_elsewhere();

}  // namespace sluice::codec
