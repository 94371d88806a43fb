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

// Further formats of a dialect, for its make() alone: openai_responses.cc, openai_embeddings.cc,
// gemini_embeddings.cc; Claude at Vertex AI: anthropic.cc.
std::unique_ptr<provider::Codec> make_responses(const provider::EndpointSpec& endpoint,
                                                const provider::Profile& profile);
std::unique_ptr<provider::Codec> make_embeddings(const provider::EndpointSpec& endpoint,
                                                 const provider::Profile& profile);
std::unique_ptr<provider::Codec> make_gemini_embeddings(const provider::EndpointSpec& endpoint,
                                                        const provider::Profile& profile);

std::unique_ptr<provider::Codec> make_messages(const provider::EndpointSpec& endpoint,
                                               const provider::Profile& profile);

// openai_compatible.cc
std::span<const provider::Profile> openai_services();
const provider::Profile* openai_elsewhere();

}  // namespace sluice::codec
