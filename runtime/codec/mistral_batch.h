// Mistral's batch jobs (docs/providers.md, Batch APIs): OpenAI's files and lines, and jobs of their
// own form. A job's metadata has the nonce.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

std::unique_ptr<provider::BatchApi> make_mistral_batch(const provider::EndpointSpec& endpoint,
                                                       const provider::BatchService& service);

// Up to a million requests are taken; so many are our own choice.
inline constexpr provider::BatchService kMistralBatch = {
    .make = make_mistral_batch, .limits = {.bytes = std::uint64_t{512'000'000}}};

}  // namespace sluice::codec
