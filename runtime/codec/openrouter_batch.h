// OpenRouter's batches (docs/providers.md, Batch APIs): the requests stand in create() itself, and the
// results come in pages. A batch carries nothing of ours, as Anthropic's does not, and cannot be
// cancelled.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

std::unique_ptr<provider::BatchApi> make_openrouter_batch(const provider::EndpointSpec& endpoint,
                                                          const provider::BatchService& service);

// How many bytes is our own choice.
inline constexpr provider::BatchService kOpenRouterBatch = {
    .make = make_openrouter_batch, .limits = {.requests = 5'000, .bytes = std::uint64_t{32} << 20}};

}  // namespace sluice::codec
