// The batch API of the Gemini API (docs/providers.md, Batch APIs): a file of the Files API, uploaded
// by two calls of which the second goes to an address that the first's reply names, and an operation
// whose displayName is the nonce. What is not run within 48 hours gives no results at all.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

// Null for embeddings, whose batches are of another form.
std::unique_ptr<provider::BatchApi> make_gemini_batch(const provider::EndpointSpec& endpoint,
                                                      const provider::BatchService& service);

// The number of requests is our own choice.
inline constexpr provider::BatchService kGeminiBatch = {
    .make = make_gemini_batch,
    .limits = {.bytes = std::uint64_t{2'000'000'000}, .window = std::chrono::hours(48)}};

}  // namespace sluice::codec
