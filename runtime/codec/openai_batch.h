// The batch API of OpenAI's form, for the rows of services that have it.
//
// Threads: any.
#pragma once

#include <memory>

#include "provider/batch_api.h"

namespace sluice::codec {

std::unique_ptr<provider::BatchApi> make_openai_batch(const provider::EndpointSpec& endpoint,
                                                      const provider::BatchService& service);

inline constexpr provider::BatchService kOpenAiBatch = {.make = make_openai_batch};

}  // namespace sluice::codec
