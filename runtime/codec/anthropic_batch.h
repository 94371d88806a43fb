// Anthropic's Message Batches (docs/providers.md, Batch APIs): the requests stand in create() itself.
//
// A batch carries nothing of ours, so it is found again by its time and its number of requests, and
// known for ours by its results: the caller begins every custom_id with the nonce. While it runs, no
// count but that of its requests can be seen.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

// Null for its fast mode, which is not sold in batches.
std::unique_ptr<provider::BatchApi> make_anthropic_batch(const provider::EndpointSpec& endpoint,
                                                         const provider::BatchService& service);

inline constexpr provider::BatchService kAnthropicBatch = {
    .make = make_anthropic_batch,
    .limits = {.requests = 100'000, .bytes = std::uint64_t{256'000'000}}};

}  // namespace sluice::codec
