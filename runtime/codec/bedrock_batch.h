// Amazon Bedrock's model invocation jobs (docs/providers.md, Batch APIs), of Converse's form: the file
// and the results are objects of S3, below a folder of the batch's own, which Bedrock reads and writes
// as a role. The nonce is the job's token, so that create() makes one job however often it is sent.
//
// The control plane is at another host of Amazon's than the runtime: its calls are whole URLs.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

// Null without a role and without a bucket at s3://.
std::unique_ptr<provider::BatchApi> make_bedrock_batch(const provider::EndpointSpec& endpoint,
                                                       const provider::BatchService& service);

// What is wrong with the endpoint's options for batches.
core::Status check_bedrock_batch(const provider::EndpointSpec& endpoint);

// At least 100 and at most 50,000 requests is the quota of most models.
inline constexpr provider::BatchService kBedrockBatch = {
    .make = make_bedrock_batch, .limits = {.bytes = std::uint64_t{1'000'000'000}, .least = 100}};

}  // namespace sluice::codec
