// Vertex AI's batch predictions (docs/providers.md, Batch APIs), for Gemini and for Claude: the file
// and the results are objects of Cloud Storage, below a folder of the batch's own. The job's
// displayName is the nonce. A line of Gemini has no member for its name: it stands in the request's
// labels, which come back with the request.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

// Null without a project, without a bucket at gs://, and for models that have none.
std::unique_ptr<provider::BatchApi> make_vertex_batch(const provider::EndpointSpec& endpoint,
                                                      const provider::BatchService& service);

// What is wrong with the endpoint's options for batches.
core::Status check_vertex_batch(const provider::EndpointSpec& endpoint);

inline constexpr provider::BatchService kVertexBatch = {
    .make = make_vertex_batch,
    .limits = {.bytes = std::uint64_t{1'000'000'000}, .window = std::chrono::hours(96)}};

}  // namespace sluice::codec
