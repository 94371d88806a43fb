// The wire formats, a file each. For runtime/codec alone; others ask codec/registry.h.
#pragma once

#include "provider/profile.h"

namespace sluice::codec {

provider::Dialect openai();     // openai.cc
provider::Dialect anthropic();  // anthropic.cc
provider::Dialect gemini();     // gemini.cc

// openai_compatible.cc
std::span<const provider::Profile> openai_services();
const provider::Profile* openai_elsewhere();

}  // namespace sluice::codec
