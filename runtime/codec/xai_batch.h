// xAI's batches (docs/providers.md, Batch APIs): OpenAI's files and lines in, batches of their own form,
// and results in pages. A batch has no state: how it stands follows from its counts. Its name is the
// nonce.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

std::unique_ptr<provider::BatchApi> make_xai_batch(const provider::EndpointSpec& endpoint,
                                                   const provider::BatchService& service);

// Both limits are our own choice. Most batches are done within a day, and none ends with it.
inline constexpr provider::BatchService kXaiBatch = {
    .make = make_xai_batch,
    .limits = {.bytes = std::uint64_t{48} << 20, .window = std::chrono::hours(72)}};

}  // namespace sluice::codec
